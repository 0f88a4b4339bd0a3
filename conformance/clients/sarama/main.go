// sarama under the contract of conformance/README.md.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/IBM/sarama"
)

// Options is what the harness asks for; the README says what each name means.
type Options struct {
	Bootstrap       string         `json:"bootstrap"`
	Topic           string         `json:"topic"`
	Topics          []string       `json:"topics"`
	Group           string         `json:"group"`
	Prefix          string         `json:"prefix"`
	First           int            `json:"first"`
	Records         int            `json:"records"`
	Keys            int            `json:"keys"`
	LingerMs        int            `json:"linger_ms"`
	SessionMs       int            `json:"session_ms"`
	Isolation       string         `json:"isolation"`
	TransactionalID string         `json:"transactional_id"`
	Output          string         `json:"output"`
	Batch           int            `json:"batch"`
	Config          map[string]any `json:"config"`
}

func (options Options) addresses() []string {
	return strings.Split(options.Bootstrap, ",")
}

// settings are sarama's own, but for the protocol version: its default is one of 2018.
func (options Options) settings() *sarama.Config {
	config := sarama.NewConfig()
	config.Version = sarama.MaxVersion
	config.Consumer.Offsets.Initial = sarama.OffsetOldest
	config.Consumer.Return.Errors = true
	if options.SessionMs > 0 {
		config.Consumer.Group.Session.Timeout = time.Duration(options.SessionMs) * time.Millisecond
		config.Consumer.Group.Heartbeat.Interval = config.Consumer.Group.Session.Timeout / 4
	}
	if options.Isolation == "read_committed" {
		config.Consumer.IsolationLevel = sarama.ReadCommitted
	}
	return config
}

// transactional adds what sarama demands of a transactional producer, and patience for a broker's death.
func (options Options) transactional() *sarama.Config {
	config := options.settings()
	config.Producer.Idempotent = true
	config.Producer.RequiredAcks = sarama.WaitForAll
	config.Producer.Transaction.ID = options.TransactionalID
	config.Producer.Return.Successes = true
	config.Producer.Retry.Max = 100
	config.Net.MaxOpenRequests = 1
	return config
}

func main() {
	workloads := map[string]func(Options) error{
		"produce": produce, "consume": consume, "transact": transact, "copy": copyRecords,
	}
	if err := run(workloads); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(workloads map[string]func(Options) error) error {
	options := Options{Prefix: "r", Keys: 100, Batch: 100}
	if err := json.Unmarshal([]byte(os.Args[2]), &options); err != nil {
		return err
	}
	if len(options.Config) > 0 {
		return fmt.Errorf("sarama has no settings by name: %v", options.Config)
	}
	workload, known := workloads[os.Args[1]]
	if !known {
		return fmt.Errorf("no such workload: %s", os.Args[1])
	}
	return workload(options)
}
