package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/IBM/sarama"
)

// copier writes what its claims bring, a transaction for each batch; one producer serves all claims in turn.
type copier struct {
	sync.Mutex
	options  Options
	group    sarama.ConsumerGroup
	producer sarama.AsyncProducer
	fatal    error
}

// copyRecords consumes, transforms and produces, with the offsets in the same transaction, until it is killed.
func copyRecords(options Options) error {
	config := options.transactional()
	config.Producer.Partitioner = sarama.NewManualPartitioner
	producer, err := sarama.NewAsyncProducer(options.addresses(), config)
	if err != nil {
		return err
	}
	reading := options.settings()
	reading.Consumer.Offsets.AutoCommit.Enable = false
	reading.Consumer.IsolationLevel = sarama.ReadCommitted
	group, err := sarama.NewConsumerGroup(options.addresses(), options.Group, reading)
	if err != nil {
		return err
	}
	go func() {
		for err := range group.Errors() {
			emit(Line{Op: "error", Error: name(err)})
		}
	}()
	emit(Line{Op: "ready"})
	handler := &copier{options: options, group: group, producer: producer}
	for handler.fatal == nil {
		// A new session begins at the committed offsets, so an aborted batch is read again.
		if err := group.Consume(context.Background(), options.Topics, handler); err != nil {
			emit(Line{Op: "error", Error: name(err)})
			time.Sleep(100 * time.Millisecond)
		}
	}
	return handler.fatal
}

func (*copier) Setup(sarama.ConsumerGroupSession) error { return nil }

func (*copier) Cleanup(sarama.ConsumerGroupSession) error { return nil }

// ConsumeClaim returns after a batch that failed, which ends the session.
func (c *copier) ConsumeClaim(session sarama.ConsumerGroupSession, claim sarama.ConsumerGroupClaim) error {
	for {
		batch := nextBatch(session.Context(), claim, c.options.Batch)
		if batch == nil {
			return nil
		}
		if !c.copyBatch(session, batch) {
			return nil
		}
	}
}

// nextBatch waits for a record and takes what is there with it; nil once the session is over.
func nextBatch(ctx context.Context, claim sarama.ConsumerGroupClaim, size int) []*sarama.ConsumerMessage {
	var batch []*sarama.ConsumerMessage
	patience := time.NewTimer(time.Hour)
	defer patience.Stop()
	for len(batch) < size {
		select {
		case message, open := <-claim.Messages():
			if !open {
				return batch
			}
			batch = append(batch, message)
			patience.Reset(50 * time.Millisecond)
		case <-patience.C:
			return batch
		case <-ctx.Done():
			return nil
		}
	}
	return batch
}

func (c *copier) copyBatch(session sarama.ConsumerGroupSession, batch []*sarama.ConsumerMessage) bool {
	c.Lock()
	defer c.Unlock()
	if c.fatal != nil || session.Context().Err() != nil {
		return false
	}
	ids := make([]string, len(batch))
	for i, message := range batch {
		ids[i] = string(message.Value)
	}
	err := c.transaction(session, batch)
	emit(Line{Op: "copy", IDs: ids, Outcome: endOutcome(err), Error: name(err)})
	if err == nil {
		return true
	}
	c.abort()
	return false
}

func (c *copier) transaction(session sarama.ConsumerGroupSession, batch []*sarama.ConsumerMessage) error {
	if err := c.producer.BeginTxn(); err != nil {
		return err
	}
	if err := c.send(batch); err != nil {
		return err
	}
	last := batch[len(batch)-1]
	offsets := map[string][]*sarama.PartitionOffsetMetadata{
		last.Topic: {{Partition: last.Partition, Offset: last.Offset + 1, LeaderEpoch: -1}},
	}
	member := &sarama.ConsumerGroupMetadata{
		GroupID: c.options.Group, GenerationID: session.GenerationID(), MemberID: session.MemberID(),
	}
	if err := c.producer.AddOffsetsToTxnWithGroupMetadata(offsets, member); err != nil {
		return err
	}
	return c.producer.CommitTxn()
}

// send hands the batch over and waits for each answer.
func (c *copier) send(batch []*sarama.ConsumerMessage) error {
	go func() {
		for _, message := range batch {
			// The same partition, so that the order within it can be checked.
			c.producer.Input() <- &sarama.ProducerMessage{
				Topic: c.options.Output, Partition: message.Partition,
				Key: sarama.ByteEncoder(message.Key), Value: sarama.ByteEncoder(message.Value),
			}
		}
	}()
	var failure error
	for range batch {
		select {
		case <-c.producer.Successes():
		case failed := <-c.producer.Errors():
			failure = errors.Join(failure, failed.Err)
		}
	}
	return failure
}

// abort ends the transaction that failed; when sarama calls its producer lost, the program gives up.
func (c *copier) abort() {
	for c.producer.TxnStatus()&sarama.ProducerTxnFlagFatalError == 0 {
		err := c.producer.AbortTxn()
		if err == nil || c.producer.TxnStatus()&sarama.ProducerTxnFlagReady != 0 {
			return
		}
		emit(Line{Op: "error", Error: name(err)})
		time.Sleep(100 * time.Millisecond)
	}
	c.fatal = fmt.Errorf("cannot go on: producer state %s", c.producer.TxnStatus())
}
