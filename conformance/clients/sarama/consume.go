package main

import (
	"context"
	"fmt"
	"maps"
	"sync"
	"time"

	"github.com/IBM/sarama"
)

// reader hands on every record of its group's claims, and stops once it has had enough.
type reader struct {
	sync.Mutex
	enough   int
	received int
	offsets  map[string]int64
	done     chan struct{}
}

func (*reader) Setup(sarama.ConsumerGroupSession) error { return nil }

func (*reader) Cleanup(sarama.ConsumerGroupSession) error { return nil }

func (r *reader) ConsumeClaim(session sarama.ConsumerGroupSession, claim sarama.ConsumerGroupClaim) error {
	for {
		select {
		case message, open := <-claim.Messages():
			if !open {
				return nil
			}
			r.take(message)
			session.MarkMessage(message, "")
		case <-session.Context().Done():
			return nil
		}
	}
}

func (r *reader) take(message *sarama.ConsumerMessage) {
	r.Lock()
	defer r.Unlock()
	reportReceipt(message)
	r.offsets[fmt.Sprintf("%s:%d", message.Topic, message.Partition)] = message.Offset + 1
	if r.received++; r.received == r.enough {
		close(r.done)
	}
}

// consume reads `records` records in a group, then on for `linger_ms` to catch surplus; leaving commits what was read.
func consume(options Options) error {
	config := options.settings()
	// A poll hands over what was fetched; smaller fetches let the reader stop in the middle.
	config.Consumer.Fetch.Default = 16 << 10
	config.ChannelBufferSize = 16
	group, err := sarama.NewConsumerGroup(options.addresses(), options.Group, config)
	if err != nil {
		return err
	}
	go func() {
		for err := range group.Errors() {
			emit(Line{Op: "error", Error: name(err)})
		}
	}()
	ctx, stop := context.WithCancel(context.Background())
	handler := &reader{enough: options.Records, offsets: map[string]int64{}, done: make(chan struct{})}
	go func() {
		<-handler.done
		time.Sleep(time.Duration(options.LingerMs) * time.Millisecond)
		stop()
	}()
	for ctx.Err() == nil {
		if err := group.Consume(ctx, options.Topics, handler); err != nil && ctx.Err() == nil {
			emit(Line{Op: "error", Error: name(err)})
			time.Sleep(100 * time.Millisecond)
		}
	}
	err = group.Close()
	emit(Line{Op: "commit", Outcome: endOutcome(err), Error: name(err), Offsets: maps.Clone(handler.offsets)})
	emit(Line{Op: "done"})
	return nil
}
