package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/twmb/franz-go/pkg/kgo"
)

// produce sends `records` numbered records and reports each delivery.
func produce(ctx context.Context, options Options) error {
	client, err := kgo.NewClient(kgo.SeedBrokers(strings.Split(options.Bootstrap, ",")...))
	if err != nil {
		return err
	}
	defer client.Close()
	for number := options.First; number < options.First+options.Records; number++ {
		client.Produce(ctx, &kgo.Record{
			Topic: options.Topic,
			Key:   fmt.Appendf(nil, "key-%d", number%options.Keys),
			Value: fmt.Appendf(nil, "%s:%d", options.Prefix, number),
		}, reportDelivery)
	}
	if err := client.Flush(ctx); err != nil {
		return err
	}
	emit(Line{Op: "done"})
	return nil
}
