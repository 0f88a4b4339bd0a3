package orders

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

func produce(ctx context.Context, t *testing.T, topic string, orders ...string) {
	t.Helper()
	client, err := kgo.NewClient(
		kgo.SeedBrokers(strings.Split(os.Getenv("KAFKA_BOOTSTRAP_SERVERS"), ",")...),
		kgo.AllowAutoTopicCreation(),
	)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	for _, order := range orders {
		record := &kgo.Record{Topic: topic, Key: []byte("customer"), Value: []byte(order)}
		if err := client.ProduceSync(ctx, record).FirstErr(); err != nil {
			t.Fatal(err)
		}
	}
}

func read(ctx context.Context, t *testing.T, topic string, want ...string) {
	t.Helper()
	got, err := Next(ctx, os.Getenv("KAFKA_BOOTSTRAP_SERVERS"), topic, "billing", len(want))
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(got, want) {
		t.Fatalf("got %q, want %q", got, want)
	}
}

func TestEachOrderIsReadOnceAndInOrder(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	topic := fmt.Sprintf("orders-%d", time.Now().UnixNano())
	produce(ctx, t, topic, "one", "two", "three")
	read(ctx, t, topic, "one", "two", "three")
	produce(ctx, t, topic, "four")
	read(ctx, t, topic, "four")
}
