package main

import (
	"encoding/json"
	"errors"
	"os"
	"sync"

	"github.com/IBM/sarama"
)

// Line is one operation; pointers tell an absent number from zero.
type Line struct {
	Op        string           `json:"op"`
	ID        string           `json:"id,omitempty"`
	IDs       []string         `json:"ids,omitempty"`
	Topic     string           `json:"topic,omitempty"`
	Partition *int32           `json:"partition,omitempty"`
	Offset    *int64           `json:"offset,omitempty"`
	Offsets   map[string]int64 `json:"offsets,omitempty"`
	Outcome   string           `json:"outcome,omitempty"`
	Error     string           `json:"error,omitempty"`
}

var stdout sync.Mutex

// emit writes one operation, at once visible to the harness.
func emit(line Line) {
	encoded, err := json.Marshal(line)
	if err != nil {
		panic(err)
	}
	stdout.Lock()
	defer stdout.Unlock()
	os.Stdout.Write(append(encoded, '\n'))
}

func reportDelivery(message *sarama.ProducerMessage, err error) {
	line := Line{Op: "send", ID: idOf(message), Topic: message.Topic, Outcome: sendOutcome(err), Error: name(err)}
	line.Partition = &message.Partition
	if err == nil {
		line.Offset = &message.Offset
	}
	emit(line)
}

func reportReceipt(message *sarama.ConsumerMessage) {
	emit(Line{
		Op: "recv", ID: string(message.Value), Topic: message.Topic,
		Partition: &message.Partition, Offset: &message.Offset,
	})
}

func idOf(message *sarama.ProducerMessage) string {
	value, err := message.Value.Encode()
	if err != nil {
		panic(err)
	}
	return string(value)
}

// sendOutcome: an error is a proof of failure only where it says that nothing was appended.
func sendOutcome(err error) string {
	switch {
	case err == nil:
		return "ok"
	case errors.Is(err, sarama.ErrNotEnoughReplicas), errors.Is(err, sarama.ErrMessageSizeTooLarge):
		return "fail"
	}
	return "unknown"
}

// endOutcome is what is known after the end of a transaction was asked for: who was fenced knows that it is not committed.
func endOutcome(err error) string {
	switch {
	case err == nil:
		return "ok"
	case errors.Is(err, sarama.ErrProducerFenced), errors.Is(err, sarama.ErrInvalidProducerEpoch),
		errors.Is(err, sarama.ErrTransitionNotAllowed):
		return "fail"
	}
	return "unknown"
}

func name(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
