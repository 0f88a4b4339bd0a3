"""Two sets of defaults: `faithful` is Apache Kafka's to the letter, `fast` suits tests.

`fast` changes only what is listed here, and `minikafka config` prints it. `faithful` deviates once: internal
topics never ask for more replicas than there are brokers (T1), which is done where they are created
(`internal_topics.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from minikafka.config.setting import ConfigValue
from minikafka.errors import ConfigError

PROFILES: Final = ("fast", "faithful")

INTERNAL_PARTITIONS: Final = 4
REPLICA_FETCH_MAX_BYTES: Final = 10 << 20
"""As much as a follower takes of all partitions together. With Kafka's 1 MiB a follower of a busy partition is always a
few fetches behind, never level with what its leader had one fetch ago (R2), and a short lag time drops it from the ISR.
"""
REPLICA_FETCH_BACKOFF_MS: Final = 50
"""Kafka's second is half of the fast lag time: one refused fetch more, and the follower is late."""


def profile_values(
    profile: str, brokers: int, *, separate_processes: bool = False
) -> Mapping[str, ConfigValue]:
    """What the profile changes of Kafka's defaults, by dotted name.

    brokers: how many the cluster has. separate_processes: real processes stall for longer than
    event loop turns do, so sessions and replica lag are longer. Raises ConfigError for an unknown profile.
    """
    if profile == "faithful":
        return {}
    if profile != "fast":
        raise ConfigError(f"unknown profile {profile!r}: it is one of {', '.join(PROFILES)}")
    replicas = min(3, brokers)
    return {
        "group.initial.rebalance.delay.ms": 0,
        "group.consumer.assignment.interval.ms": 0,
        "default.replication.factor": replicas,
        "offsets.topic.num.partitions": INTERNAL_PARTITIONS,
        "offsets.topic.replication.factor": replicas,
        "transaction.state.log.num.partitions": INTERNAL_PARTITIONS,
        "transaction.state.log.replication.factor": replicas,
        "transaction.state.log.min.isr": max(1, replicas - 1),
        "share.coordinator.state.topic.num.partitions": INTERNAL_PARTITIONS,
        "share.coordinator.state.topic.replication.factor": replicas,
        "share.coordinator.state.topic.min.isr": max(1, replicas - 1),
        "transaction.abort.timed.out.transaction.cleanup.interval.ms": 100,
        "broker.heartbeat.interval.ms": 100,
        "broker.session.timeout.ms": 6000 if separate_processes else 1000,
        "replica.lag.time.max.ms": 6000 if separate_processes else 2000,
        "replica.fetch.max.bytes": REPLICA_FETCH_MAX_BYTES,
        "replica.fetch.backoff.ms": REPLICA_FETCH_BACKOFF_MS,
    }
