// franz-go under the contract of conformance/README.md.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
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

func main() {
	workloads := map[string]func(context.Context, Options) error{
		"produce": produce, "consume": consume, "transact": transact, "copy": copyRecords,
	}
	if err := run(workloads); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(workloads map[string]func(context.Context, Options) error) error {
	options := Options{Prefix: "r", Keys: 100, Batch: 100}
	if err := json.Unmarshal([]byte(os.Args[2]), &options); err != nil {
		return err
	}
	if len(options.Config) > 0 {
		return fmt.Errorf("franz-go has no settings by name: %v", options.Config)
	}
	workload, known := workloads[os.Args[1]]
	if !known {
		return fmt.Errorf("no such workload: %s", os.Args[1])
	}
	return workload(context.Background(), options)
}
