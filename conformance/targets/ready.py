"""Readiness as a client sees it: the cluster lists all its brokers in metadata."""

from __future__ import annotations

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from conformance.waiting import wait_until


def wait_until_ready(bootstrap_servers: str, brokers: int, timeout_s: float) -> None:
    """Return once metadata from `bootstrap_servers` names `brokers` brokers; raises NeverHappened."""
    admin = AdminClient({"bootstrap.servers": bootstrap_servers, "log_level": 0})

    def lists_all_brokers() -> bool:
        try:
            return len(admin.list_topics(timeout=1).brokers) >= brokers
        except KafkaException:
            return False

    wait_until(f"{brokers} brokers at {bootstrap_servers}", lists_all_brokers, timeout_s)
