"""Brokers inside a test: `Cluster` and its handles."""
