"""What can be seen of a partition, taken in one look between two turns, so that its numbers belong together."""

from __future__ import annotations

from typing import NamedTuple

from minikafka.errors import MinikafkaError
from minikafka.runtime.supervisor import Supervisor
from minikafka.types import BrokerId, LeaderEpoch, Offset, PartitionEpoch, TopicPartition


class ReplicaOffsets(NamedTuple):
    """How far one replica is; all but the start exclusive."""

    log_start_offset: Offset
    log_end_offset: Offset
    high_watermark: Offset
    last_stable_offset: Offset


class Observed(NamedTuple):
    """One partition: what the controller decided, and how far the leader is (None while no leader lives)."""

    leader: BrokerId
    leader_epoch: LeaderEpoch
    partition_epoch: PartitionEpoch
    replicas: list[BrokerId]
    isr: list[BrokerId]
    offsets: ReplicaOffsets | None


def observe(supervisor: Supervisor, name: TopicPartition) -> Observed:
    """Look at a partition. Raises MinikafkaError when there is no such partition."""
    state = supervisor.image.partition(name)
    if state is None:
        raise MinikafkaError(f"there is no partition {name}")
    return Observed(
        state.leader,
        state.leader_epoch,
        state.partition_epoch,
        list(state.replicas),
        sorted(state.isr),
        replica_offsets(supervisor, name, state.leader),
    )


def replica_offsets(supervisor: Supervisor, name: TopicPartition, broker: BrokerId) -> ReplicaOffsets | None:
    """How far the replica on `broker` is; None while that broker is dead or has not opened it."""
    host = supervisor.brokers.get(broker)
    if host is None or host.node is None:
        return None
    partition = host.node.replicas.get(name)
    return None if partition is None else ReplicaOffsets(*partition.progress())
