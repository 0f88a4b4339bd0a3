"""What can be seen of a partition, taken in one look, so that a node's numbers belong together."""

from __future__ import annotations

from typing import NamedTuple

from minikafka.errors import MinikafkaError
from minikafka.runtime.control.cluster import ClusterView
from minikafka.runtime.control.views import ReplicaOffsets
from minikafka.types import BrokerId, LeaderEpoch, PartitionEpoch, TopicPartition


class Observed(NamedTuple):
    """One partition: what the controller decided, and how far the leader is (None while no leader lives)."""

    leader: BrokerId
    leader_epoch: LeaderEpoch
    partition_epoch: PartitionEpoch
    replicas: list[BrokerId]
    isr: list[BrokerId]
    offsets: ReplicaOffsets | None


def observe(view: ClusterView, name: TopicPartition) -> Observed:
    """One partition in the answers to a question about it. Raises MinikafkaError when there is no such partition."""
    decided = view.partition(name)
    if decided is None:
        raise MinikafkaError(f"there is no partition {name}")
    leader = view.replica(decided.leader, name)
    return Observed(
        decided.leader,
        decided.leader_epoch,
        decided.partition_epoch,
        decided.replicas,
        decided.isr,
        None if leader is None else leader.offsets,
    )
