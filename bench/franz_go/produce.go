package main

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// produceBulk keeps the client's buffer full for the duration and counts what is acknowledged.
func produceBulk(ctx context.Context, load Load) (Result, error) {
	client, err := connect(load)
	if err != nil {
		return Result{}, err
	}
	defer client.Close()
	value := payload(load.RecordSize)
	if err := client.ProduceSync(ctx, &kgo.Record{Value: value}).FirstErr(); err != nil {
		return Result{}, err
	}
	var acknowledged atomic.Int64
	var failure atomic.Pointer[error]
	started := time.Now()
	for time.Since(started) < load.Duration {
		// A full buffer blocks, so the clock is looked at often enough.
		for range 64 {
			client.Produce(ctx, &kgo.Record{Value: value}, func(_ *kgo.Record, err error) {
				if err != nil {
					failure.Store(&err)
					return
				}
				acknowledged.Add(1)
			})
		}
	}
	if err := client.Flush(ctx); err != nil {
		return Result{}, err
	}
	if err := failure.Load(); err != nil {
		return Result{}, *err
	}
	return summarize(load, int(acknowledged.Load()), time.Since(started), nil), nil
}

// produceOneByOne runs `clients` clients, each sending its next record when the last one is acknowledged.
func produceOneByOne(ctx context.Context, load Load, clients int) (Result, error) {
	latencies := make([][]time.Duration, clients)
	failures := make([]error, clients)
	var connected, running sync.WaitGroup
	start := make(chan struct{})
	for i := range clients {
		connected.Add(1)
		running.Add(1)
		go func() {
			defer running.Done()
			latencies[i], failures[i] = produceInTurn(ctx, load, &connected, start)
		}()
	}
	connected.Wait()
	started := time.Now()
	close(start)
	running.Wait()
	elapsed := time.Since(started)
	all := []time.Duration{}
	for i := range clients {
		if failures[i] != nil {
			return Result{}, failures[i]
		}
		all = append(all, latencies[i]...)
	}
	return summarize(load, len(all), elapsed, all), nil
}

func produceInTurn(
	ctx context.Context, load Load, connected *sync.WaitGroup, start <-chan struct{},
) ([]time.Duration, error) {
	client, err := connect(load)
	if err != nil {
		connected.Done()
		return nil, err
	}
	defer client.Close()
	value := payload(load.RecordSize)
	// The first record pays for connections, metadata and the producer id.
	err = client.ProduceSync(ctx, &kgo.Record{Value: value}).FirstErr()
	connected.Done()
	if err != nil {
		return nil, err
	}
	<-start
	latencies := []time.Duration{}
	for started := time.Now(); time.Since(started) < load.Duration; {
		sent := time.Now()
		if err := client.ProduceSync(ctx, &kgo.Record{Value: value}).FirstErr(); err != nil {
			return nil, err
		}
		latencies = append(latencies, time.Since(sent))
	}
	return latencies, nil
}
