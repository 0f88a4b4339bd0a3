package main

import (
	"fmt"
	"sync"

	"github.com/IBM/sarama"
)

// produce sends `records` numbered records and reports each delivery.
func produce(options Options) error {
	config := options.settings()
	config.Producer.Return.Successes = true
	producer, err := sarama.NewAsyncProducer(options.addresses(), config)
	if err != nil {
		return err
	}
	var reports sync.WaitGroup
	reports.Add(2)
	go func() {
		defer reports.Done()
		for message := range producer.Successes() {
			reportDelivery(message, nil)
		}
	}()
	go func() {
		defer reports.Done()
		for failure := range producer.Errors() {
			reportDelivery(failure.Msg, failure.Err)
		}
	}()
	for number := options.First; number < options.First+options.Records; number++ {
		producer.Input() <- &sarama.ProducerMessage{
			Topic: options.Topic,
			Key:   sarama.StringEncoder(fmt.Sprintf("key-%d", number%options.Keys)),
			Value: sarama.StringEncoder(fmt.Sprintf("%s:%d", options.Prefix, number)),
		}
	}
	producer.AsyncClose()
	reports.Wait()
	emit(Line{Op: "done"})
	return nil
}
