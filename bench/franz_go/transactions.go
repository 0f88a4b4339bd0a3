package main

import (
	"context"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// transactions commits one record per transaction, one transaction after the other.
func transactions(ctx context.Context, load Load) (Result, error) {
	client, err := connect(load, kgo.TransactionalID("bench-"+load.Topic))
	if err != nil {
		return Result{}, err
	}
	defer client.Close()
	value := payload(load.RecordSize)
	if err := commitOne(ctx, client, value); err != nil {
		return Result{}, err
	}
	latencies := []time.Duration{}
	started := time.Now()
	for time.Since(started) < load.Duration {
		begun := time.Now()
		if err := commitOne(ctx, client, value); err != nil {
			return Result{}, err
		}
		latencies = append(latencies, time.Since(begun))
	}
	return summarize(load, len(latencies), time.Since(started), latencies), nil
}

func commitOne(ctx context.Context, client *kgo.Client, value []byte) error {
	if err := client.BeginTransaction(); err != nil {
		return err
	}
	if err := client.ProduceSync(ctx, &kgo.Record{Value: value}).FirstErr(); err != nil {
		return err
	}
	return client.EndTransaction(ctx, kgo.TryCommit)
}
