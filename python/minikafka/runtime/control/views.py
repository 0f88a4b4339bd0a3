"""What can be seen of a node, as plain data.

A `Question` says which part is wanted. The answer is always a `NodeView`; parts that were not asked for are empty.
Everything in one view was seen between the same two turns, so its numbers belong together.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from minikafka.types import (
    BrokerEpoch,
    BrokerId,
    LeaderEpoch,
    Offset,
    PartitionEpoch,
    ProducerEpoch,
    ProducerId,
    TopicPartition,
)

ALL: Final = "*"
"""In a question: every topic, every group. No topic and no group can have this name without being meant by it."""


class Question(NamedTuple):
    """Which part of a node is looked at.

    topic: this one's partitions as decided, and the replicas held here; `ALL`: of every topic. partition: only this
    one. group: its members and offsets, where it is coordinated. producers: the sequence tables of those replicas.
    transactions: those coordinated here. parked: the requests that wait, and for what.
    """

    topic: str | None = None
    partition: int | None = None
    group: str | None = None
    producers: bool = False
    transactions: bool = False
    parked: bool = False


EVERYTHING: Final = Question(topic=ALL, group=ALL, producers=True, transactions=True, parked=True)
HEALTH: Final = Question()


class PartitionView(NamedTuple):
    """One partition as decided by the controller, in the metadata this node has."""

    topic: str
    partition: int
    leader: BrokerId
    leader_epoch: LeaderEpoch
    partition_epoch: PartitionEpoch
    replicas: list[BrokerId]
    isr: list[BrokerId]
    elr: list[BrokerId]


class ReplicaOffsets(NamedTuple):
    """How far one replica is; all but the start exclusive."""

    log_start_offset: Offset
    log_end_offset: Offset
    high_watermark: Offset
    last_stable_offset: Offset


class ProducerView(NamedTuple):
    """One row of a replica's sequence table (I2). current_transaction_first_offset: -1 when none is open."""

    producer_id: ProducerId
    producer_epoch: ProducerEpoch
    last_sequence: int
    last_offset: Offset
    last_timestamp_ms: int
    current_transaction_first_offset: Offset


class ReplicaView(NamedTuple):
    """One replica held by this broker, as it is. isr, maximal_isr: as far as this replica knows."""

    topic: str
    partition: int
    is_leader: bool
    leader_epoch: LeaderEpoch
    partition_epoch: PartitionEpoch
    offsets: ReplicaOffsets
    recovery_point: Offset
    isr: list[BrokerId]
    maximal_isr: list[BrokerId]
    is_offline: bool
    producers: list[ProducerView]


class MemberView(NamedTuple):
    """One member, as the coordinator knows it.

    assignment: as a classic group's leader encoded it, empty before and in groups of KIP-848, whose partitions are
    in `assigned` as (topic id in hex, partition). epoch: the generation in a classic group.
    """

    member_id: str
    client_id: str
    client_host: str
    instance_id: str | None
    epoch: int
    assignment: bytes
    assigned: list[tuple[str, int]]


class CommittedView(NamedTuple):
    """The next offset a group wants of a partition."""

    topic: str
    partition: int
    offset: Offset


class GroupView(NamedTuple):
    """One group on its coordinator. type: `classic`, `consumer` (KIP-848), or `none` when only offsets are left."""

    group_id: str
    type: str
    state: str
    epoch: int
    members: list[MemberView]
    committed: list[CommittedView]


class TransactionView(NamedTuple):
    """One transactional id on its coordinator."""

    transactional_id: str
    state: str
    producer_id: ProducerId
    producer_epoch: ProducerEpoch
    timeout_ms: int
    start_timestamp_ms: int
    partitions: list[TopicPartition]


class ParkedView(NamedTuple):
    """A request that waits. deadline_ms: monotonic broker time. waits_for: `orders-0 HIGH_WATERMARK`, say."""

    purgatory: str
    deadline_ms: int
    waits_for: list[str]


class NodeView(NamedTuple):
    """What a question found at one node.

    state: where it is in its life with the controller. is_running: in service; of a controller always true.
    metadata_offset: of the last metadata record it replayed, -1 before. active_brokers: in that metadata.
    """

    node: BrokerId
    state: str
    is_running: bool
    broker_epoch: BrokerEpoch
    metadata_offset: Offset
    active_brokers: list[BrokerId]
    features: dict[str, int]
    partitions: list[PartitionView]
    replicas: list[ReplicaView]
    groups: list[GroupView]
    transactions: list[TransactionView]
    parked: list[ParkedView]
    metadata_from: Offset = 0
    """Of the controller: where a broker that knows nothing may begin to read the metadata log."""


def narrowed(view: NodeView, question: Question) -> NodeView:
    """What `question` would have found in a view of everything: for a node that cannot answer now."""

    def is_asked_for(part: PartitionView | ReplicaView) -> bool:
        return question.topic in (ALL, part.topic) and question.partition in (None, part.partition)

    return view._replace(
        partitions=list(filter(is_asked_for, view.partitions)),
        replicas=[
            replica if question.producers else replica._replace(producers=[])
            for replica in filter(is_asked_for, view.replicas)
        ],
        groups=[group for group in view.groups if question.group in (ALL, group.group_id)],
        transactions=view.transactions if question.transactions else [],
        parked=view.parked if question.parked else [],
    )
