package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// pollLimit lets the reader stop in the middle; without one a poll returns all that was fetched.
const pollLimit = 500

func consumerSettings(options Options) []kgo.Opt {
	settings := []kgo.Opt{
		kgo.SeedBrokers(strings.Split(options.Bootstrap, ",")...),
		kgo.ConsumerGroup(options.Group),
		kgo.ConsumeTopics(options.Topics...),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
	}
	if options.SessionMs > 0 {
		settings = append(settings, kgo.SessionTimeout(time.Duration(options.SessionMs)*time.Millisecond))
	}
	if options.Isolation == "read_committed" {
		settings = append(settings, kgo.FetchIsolationLevel(kgo.ReadCommitted()))
	}
	return settings
}

// consume reads `records` records in a group, then on for `linger_ms` to catch surplus; it commits what was read.
func consume(ctx context.Context, options Options) error {
	client, err := kgo.NewClient(consumerSettings(options)...)
	if err != nil {
		return err
	}
	received := 0
	for received < options.Records {
		received += poll(ctx, client)
	}
	lingering, stop := context.WithTimeout(ctx, time.Duration(options.LingerMs)*time.Millisecond)
	defer stop()
	for lingering.Err() == nil {
		poll(lingering, client)
	}
	commit(ctx, client)
	client.Close()
	emit(Line{Op: "done"})
	return nil
}

func poll(ctx context.Context, client *kgo.Client) int {
	fetches := client.PollRecords(ctx, pollLimit)
	fetches.EachError(func(_ string, _ int32, err error) {
		if ctx.Err() == nil {
			emit(Line{Op: "error", Error: name(err)})
		}
	})
	fetches.EachRecord(reportReceipt)
	return fetches.NumRecords()
}

func commit(ctx context.Context, client *kgo.Client) {
	err := client.CommitUncommittedOffsets(ctx)
	offsets := map[string]int64{}
	for topic, partitions := range client.CommittedOffsets() {
		for partition, at := range partitions {
			offsets[fmt.Sprintf("%s:%d", topic, partition)] = at.Offset
		}
	}
	emit(Line{Op: "commit", Outcome: transactionOutcome(err), Error: name(err), Offsets: offsets})
}
