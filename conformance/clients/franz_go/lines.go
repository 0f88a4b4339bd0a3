package main

import (
	"encoding/json"
	"errors"
	"os"
	"sync"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
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

func reportDelivery(record *kgo.Record, err error) {
	line := Line{Op: "send", ID: string(record.Value), Topic: record.Topic, Outcome: sendOutcome(err), Error: name(err)}
	line.Partition = &record.Partition
	if err == nil {
		line.Offset = &record.Offset
	}
	emit(line)
}

func reportReceipt(record *kgo.Record) {
	emit(Line{
		Op: "recv", ID: string(record.Value), Topic: record.Topic,
		Partition: &record.Partition, Offset: &record.Offset,
	})
}

// sendOutcome: an error is a proof of failure only where it says that nothing was appended.
func sendOutcome(err error) string {
	switch {
	case err == nil:
		return "ok"
	case errors.Is(err, kerr.NotEnoughReplicas), errors.Is(err, kerr.MessageTooLarge), errors.Is(err, kerr.InvalidRecord):
		return "fail"
	}
	return "unknown"
}

func transactionOutcome(err error) string {
	if err == nil {
		return "ok"
	}
	if kerr.IsRetriable(err) {
		return "unknown"
	}
	return "fail"
}

func name(err error) string {
	if err == nil {
		return ""
	}
	var kafkaError *kerr.Error
	if errors.As(err, &kafkaError) {
		return kafkaError.Message
	}
	return err.Error()
}
