package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"github.com/IBM/sarama"
)

// Step is one command of the interactive workload.
type Step struct {
	Do        string `json:"do"`
	Topic     string `json:"topic"`
	Partition int32  `json:"partition,string"`
	ID        string `json:"id"`
}

// transact obeys the steps on stdin, one JSON object per line: init, begin, send, commit, abort.
func transact(options Options) error {
	config := options.transactional()
	config.Producer.Partitioner = sarama.NewManualPartitioner
	var producer sarama.SyncProducer
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		step := Step{}
		if err := json.Unmarshal(lines.Bytes(), &step); err != nil {
			return err
		}
		var failure error
		if step.Do == "init" {
			// The constructor asks for the producer id.
			producer, failure = sarama.NewSyncProducer(options.addresses(), config)
		} else {
			failure = take(producer, step)
		}
		emit(Line{Op: step.Do, Outcome: endOutcome(failure), Error: name(failure)})
	}
	return lines.Err()
}

func take(producer sarama.SyncProducer, step Step) error {
	switch step.Do {
	case "begin":
		return producer.BeginTxn()
	case "send":
		message := &sarama.ProducerMessage{
			Topic: step.Topic, Partition: step.Partition, Value: sarama.StringEncoder(step.ID),
		}
		_, _, err := producer.SendMessage(message)
		reportDelivery(message, err)
		return nil
	case "commit":
		return ended(producer, producer.CommitTxn())
	case "abort":
		return ended(producer, producer.AbortTxn())
	}
	return fmt.Errorf("no such step: %s", step.Do)
}

// ended: a transaction that a refused send has spoilt is aborted, as the state of sarama's producer asks for.
func ended(producer sarama.SyncProducer, err error) error {
	if err != nil && producer.TxnStatus()&sarama.ProducerTxnFlagAbortableError != 0 {
		return errors.Join(err, producer.AbortTxn())
	}
	return err
}
