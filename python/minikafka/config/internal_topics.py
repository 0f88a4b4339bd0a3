"""How the internal topics are made: `__consumer_offsets` and `__transaction_state`.

Apache Kafka asks for three replicas whatever the cluster has, and on fewer brokers fails to create them: the
commonest reason why transactions hang on a test broker (T1). Here the replication factor is capped at the
number of brokers, and min.insync.replicas at the replication factor.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from minikafka.config.broker_settings import BrokerSettings

CONSUMER_OFFSETS: Final = "__consumer_offsets"
TRANSACTION_STATE: Final = "__transaction_state"
CLUSTER_METADATA: Final = "__cluster_metadata"

INTERNAL_TOPICS: Final = frozenset({CONSUMER_OFFSETS, TRANSACTION_STATE})


@dataclass(frozen=True, slots=True)
class InternalTopic:
    """What CreateTopics is asked for. configs: dotted name -> text."""

    name: str
    partitions: int
    replication_factor: int
    configs: dict[str, str]


def internal_topic(name: str, settings: BrokerSettings, brokers: int) -> InternalTopic:
    """The shape of one internal topic on a cluster of this many registered brokers."""
    if name == CONSUMER_OFFSETS:
        return _consumer_offsets(settings, brokers)
    if name == TRANSACTION_STATE:
        return _transaction_state(settings, brokers)
    raise AssertionError(f"{name} is no internal topic")


def _consumer_offsets(settings: BrokerSettings, brokers: int) -> InternalTopic:
    replicas = min(settings.offsets_topic_replication_factor, brokers)
    configs = {
        "cleanup.policy": "compact",
        "compression.type": "producer",
        "segment.bytes": str(settings.offsets_topic_segment_bytes),
    }
    if settings.profile == "fast":
        # Kafka leaves this to the broker's min.insync.replicas, 1: one survivor could acknowledge commits
        # alone.
        configs["min.insync.replicas"] = str(max(1, replicas - 1))
    elif settings.topic_defaults.min_insync_replicas > replicas:
        configs["min.insync.replicas"] = str(replicas)
    return InternalTopic(CONSUMER_OFFSETS, settings.offsets_topic_num_partitions, replicas, configs)


def _transaction_state(settings: BrokerSettings, brokers: int) -> InternalTopic:
    replicas = min(settings.transaction_state_log_replication_factor, brokers)
    configs = {
        "cleanup.policy": "compact",
        "compression.type": "uncompressed",
        "segment.bytes": str(settings.transaction_state_log_segment_bytes),
        "min.insync.replicas": str(min(settings.transaction_state_log_min_isr, replicas)),
        "unclean.leader.election.enable": "false",
    }
    return InternalTopic(TRANSACTION_STATE, settings.transaction_state_log_num_partitions, replicas, configs)
