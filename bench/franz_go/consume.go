package main

import (
	"context"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// consume reads the given number of records of the topic from its start; the clock starts with the first poll.
func consume(ctx context.Context, load Load) (Result, error) {
	client, err := kgo.NewClient(
		kgo.SeedBrokers(load.Bootstrap...),
		kgo.ConsumeTopics(load.Topic),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
	)
	if err != nil {
		return Result{}, err
	}
	defer client.Close()
	started := time.Now()
	received := 0
	for received < load.Records {
		fetches := client.PollFetches(ctx)
		if err := fetches.Err(); err != nil {
			return Result{}, err
		}
		received += fetches.NumRecords()
	}
	return summarize(load, received, time.Since(started), nil), nil
}
