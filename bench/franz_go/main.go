// A load generator with franz-go: `franz_go_bench WORKLOAD BOOTSTRAP TOPIC RECORD_SIZE SECONDS [RECORDS]`.
// It prints one JSON object: records, bytes, seconds and, where single operations are timed, p50_ms and p99_ms.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// Load is what one run is asked for.
type Load struct {
	Bootstrap  []string
	Topic      string
	RecordSize int
	Duration   time.Duration
	Records    int
}

// Result is what one run measured.
type Result struct {
	Records int     `json:"records"`
	Bytes   int     `json:"bytes"`
	Seconds float64 `json:"seconds"`
	P50     float64 `json:"p50_ms,omitempty"`
	P99     float64 `json:"p99_ms,omitempty"`
}

func main() {
	workloads := map[string]func(context.Context, Load) (Result, error){
		"produce":      produceBulk,
		"consume":      consume,
		"in-flight-1":  func(ctx context.Context, load Load) (Result, error) { return produceOneByOne(ctx, load, 1) },
		"in-flight-50": func(ctx context.Context, load Load) (Result, error) { return produceOneByOne(ctx, load, 50) },
		"transactions": transactions,
	}
	load := Load{Bootstrap: strings.Split(os.Args[2], ","), Topic: os.Args[3]}
	load.RecordSize = number(os.Args[4])
	load.Duration = time.Duration(number(os.Args[5])) * time.Millisecond
	if len(os.Args) > 6 {
		load.Records = number(os.Args[6])
	}
	result, err := workloads[os.Args[1]](context.Background(), load)
	if err == nil {
		err = json.NewEncoder(os.Stdout).Encode(result)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func number(text string) int {
	value, err := strconv.Atoi(text)
	if err != nil {
		panic(err)
	}
	return value
}

// connect makes a client as the Java one is by default (acks=all, idempotent, no compression). Records leave at once:
// with one in flight there is nothing to linger for.
func connect(load Load, more ...kgo.Opt) (*kgo.Client, error) {
	return kgo.NewClient(append([]kgo.Opt{
		kgo.SeedBrokers(load.Bootstrap...),
		kgo.DefaultProduceTopic(load.Topic),
		kgo.ProducerBatchCompression(kgo.NoCompression()),
		kgo.ProducerLinger(0),
	}, more...)...)
}

func payload(size int) []byte {
	random := rand.New(rand.NewSource(1))
	value := make([]byte, size)
	for i := range value {
		value[i] = byte('A' + random.Intn(26))
	}
	return value
}

func summarize(load Load, records int, elapsed time.Duration, latencies []time.Duration) Result {
	result := Result{Records: records, Bytes: records * load.RecordSize, Seconds: elapsed.Seconds()}
	if len(latencies) > 0 {
		slices.Sort(latencies)
		result.P50 = milliseconds(latencies[len(latencies)/2])
		result.P99 = milliseconds(latencies[len(latencies)*99/100])
	}
	return result
}

func milliseconds(duration time.Duration) float64 {
	return float64(duration.Microseconds()) / 1000
}
