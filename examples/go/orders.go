// Package orders reads orders as a member of a group.
package orders

import (
	"context"
	"strings"

	"github.com/twmb/franz-go/pkg/kgo"
)

// Next returns the next count orders, committed once they are all here.
func Next(ctx context.Context, servers, topic, group string, count int) ([]string, error) {
	client, err := kgo.NewClient(
		kgo.SeedBrokers(strings.Split(servers, ",")...),
		kgo.ConsumerGroup(group),
		kgo.ConsumeTopics(topic),
		kgo.DisableAutoCommit(),
	)
	if err != nil {
		return nil, err
	}
	defer client.Close()

	var orders []string
	for len(orders) < count {
		fetches := client.PollFetches(ctx)
		if err := fetches.Err(); err != nil {
			return orders, err
		}
		fetches.EachRecord(func(record *kgo.Record) { orders = append(orders, string(record.Value)) })
	}
	return orders, client.CommitUncommittedOffsets(ctx)
}
