"""The two profiles, and the internal topics they shape."""

from __future__ import annotations

import pytest
from minikafka.config import (
    CONSUMER_OFFSETS,
    TRANSACTION_STATE,
    BrokerSettings,
    internal_topic,
    profile_values,
    resolve,
)
from minikafka.errors import ConfigError


def test_faithful_changes_nothing() -> None:
    """Apache Kafka's defaults to the letter."""
    assert resolve(profile="faithful", brokers=3).broker == BrokerSettings()


def test_fast_changes_only_what_the_interface_lists() -> None:
    """A test broker that does not wait; nothing about messages changes."""
    fast = resolve(profile="fast", brokers=3).broker
    assert (fast.broker_heartbeat_interval_ms, fast.broker_session_timeout_ms) == (100, 1000)
    assert (fast.replica_lag_time_max_ms, fast.default_replication_factor) == (2000, 3)
    assert fast.transaction_abort_timed_out_transaction_cleanup_interval_ms == 100
    assert fast.replica_fetch_max_bytes == BrokerSettings().replica_fetch_response_max_bytes
    assert fast.topic_defaults == BrokerSettings().topic_defaults


def test_separate_processes_have_longer_sessions() -> None:
    """Real processes stall for longer."""
    values = profile_values("fast", 3, separate_processes=True)
    assert (values["broker.session.timeout.ms"], values["replica.lag.time.max.ms"]) == (6000, 6000)


def test_an_unknown_profile_is_an_error() -> None:
    """It says which there are."""
    with pytest.raises(ConfigError, match="fast, faithful"):
        profile_values("quick", 1)


@pytest.mark.parametrize(
    ("brokers", "replicas", "min_isr"), [(1, 1, "1"), (2, 2, "1"), (3, 3, "2"), (5, 3, "2")]
)
def test_t1_fast_internal_topics(brokers: int, replicas: int, min_isr: str) -> None:
    """T1: four partitions, RF min(3, brokers), min ISR RF - 1 but at least 1."""
    settings = resolve(profile="fast", brokers=brokers).broker
    for name in (CONSUMER_OFFSETS, TRANSACTION_STATE):
        topic = internal_topic(name, settings, brokers)
        assert (topic.partitions, topic.replication_factor) == (4, replicas)
        assert topic.configs["min.insync.replicas"] == min_isr
        assert topic.configs["cleanup.policy"] == "compact"


def test_t1_faithful_internal_topics_are_capped_by_the_broker_count() -> None:
    """T1: 50 partitions as in Kafka, but a single broker can have them."""
    settings = resolve(profile="faithful", brokers=1).broker
    transactions = internal_topic(TRANSACTION_STATE, settings, 1)
    assert (transactions.partitions, transactions.replication_factor) == (50, 1)
    assert transactions.configs["min.insync.replicas"] == "1"
    assert internal_topic(TRANSACTION_STATE, settings, 3).configs["min.insync.replicas"] == "2"
