package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"

	"github.com/twmb/franz-go/pkg/kgo"
)

// Step is one command of the interactive workload.
type Step struct {
	Do        string `json:"do"`
	Topic     string `json:"topic"`
	Partition int32  `json:"partition,string"`
	ID        string `json:"id"`
}

// transact obeys the steps on stdin, one JSON object per line: init, begin, send, commit, abort.
func transact(ctx context.Context, options Options) error {
	client, err := kgo.NewClient(
		kgo.SeedBrokers(strings.Split(options.Bootstrap, ",")...),
		kgo.TransactionalID(options.TransactionalID),
		kgo.RecordPartitioner(kgo.ManualPartitioner()),
	)
	if err != nil {
		return err
	}
	defer client.Close()
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		step := Step{}
		if err := json.Unmarshal(lines.Bytes(), &step); err != nil {
			return err
		}
		failure := take(ctx, client, step)
		emit(Line{Op: step.Do, Outcome: transactionOutcome(failure), Error: name(failure)})
	}
	return lines.Err()
}

func take(ctx context.Context, client *kgo.Client, step Step) error {
	switch step.Do {
	case "init":
		_, _, err := client.ProducerID(ctx)
		return err
	case "begin":
		return client.BeginTransaction()
	case "send":
		record := &kgo.Record{Topic: step.Topic, Partition: step.Partition, Value: []byte(step.ID)}
		result := client.ProduceSync(ctx, record)
		reportDelivery(record, result.FirstErr())
		return nil
	case "commit":
		return client.EndTransaction(ctx, kgo.TryCommit)
	case "abort":
		return client.EndTransaction(ctx, kgo.TryAbort)
	}
	return fmt.Errorf("no such step: %s", step.Do)
}
