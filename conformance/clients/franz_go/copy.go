package main

import (
	"context"
	"errors"
	"net"

	"github.com/twmb/franz-go/pkg/kgo"
)

// copyRecords consumes, transforms and produces, with the offsets in the same transaction, until it is killed.
func copyRecords(ctx context.Context, options Options) error {
	emit(Line{Op: "ready"})
	for {
		// franz-go ends a session whose offsets cannot reach a coordinator that died. Whatever became of the
		// transaction, a new session waits for its end and starts at what is committed.
		if err := copyInOneSession(ctx, options); !isBrokenConnection(err) {
			return err
		}
	}
}

func isBrokenConnection(err error) bool {
	var broken *net.OpError
	return errors.As(err, &broken) || kgo.IsRetryableBrokerErr(err)
}

// copyInOneSession returns with the first error that says more than that a transaction was aborted.
func copyInOneSession(ctx context.Context, options Options) error {
	session, err := kgo.NewGroupTransactSession(append(consumerSettings(options),
		kgo.TransactionalID(options.TransactionalID),
		kgo.RequireStableFetchOffsets(),
		kgo.RecordPartitioner(kgo.ManualPartitioner()),
	)...)
	if err != nil {
		return err
	}
	defer session.Close()
	for {
		fetches := session.PollRecords(ctx, options.Batch)
		if fetches.NumRecords() == 0 {
			continue
		}
		if err := session.Begin(); err != nil {
			return err
		}
		ids := []string{}
		fetches.EachRecord(func(record *kgo.Record) {
			ids = append(ids, string(record.Value))
			// The same partition, so that the order within it can be checked.
			session.Produce(ctx, &kgo.Record{
				Topic: options.Output, Partition: record.Partition, Key: record.Key, Value: record.Value,
			}, nil)
		})
		committed, err := session.End(ctx, kgo.TryCommit)
		outcome := transactionOutcome(err)
		if err == nil && !committed {
			outcome = "fail"
		}
		emit(Line{Op: "copy", IDs: ids, Outcome: outcome, Error: name(err)})
		if err != nil {
			return err
		}
	}
}
