"""Brokers inside a test: `Cluster` and its handles (interface.md, Python)."""
