"""Topics are created, grown and deleted: each one by itself, so that one bad topic does not spoil a request.

A topic gets a random id that no other topic, before or after, will have: whoever still means a deleted topic
of the same name is found out by it (F12). A new partition's ISR is every replica that is alive; its first
member leads.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from minikafka.controller.configs import initial_topic_configs
from minikafka.controller.placement import check_manual_assignment, place
from minikafka.controller.topic_names import check_new_name
from minikafka.controller.view import ClusterView
from minikafka.errors import ErrorCode, Rejected
from minikafka.types import BrokerId, TopicId
from minikafka.wire.message import Message
from minikafka.wire.records.cluster_metadata import PartitionRecord, RemoveTopicRecord, TopicRecord

USE_DEFAULT: Final = -1


class NewTopic(NamedTuple):
    """One topic of CreateTopics.

    partitions, replication_factor: -1 for the default; both -1 with an assignment. assignments: (partition,
    replicas).
    configs: name and value, as sent.
    """

    name: str
    partitions: int = USE_DEFAULT
    replication_factor: int = USE_DEFAULT
    assignments: tuple[tuple[int, tuple[BrokerId, ...]], ...] = ()
    configs: tuple[tuple[str, str | None], ...] = ()


class CreatedTopic(NamedTuple):
    """What became of it."""

    topic_id: TopicId
    partitions: int
    replication_factor: int


class MorePartitions(NamedTuple):
    """One topic of CreatePartitions. total: how many there shall be. assignments: of the new ones; None
    to place.
    """

    name: str
    total: int
    assignments: tuple[tuple[BrokerId, ...], ...] | None = None


def create_topic(view: ClusterView, asked: NewTopic, topic_id: TopicId) -> tuple[list[Message], CreatedTopic]:
    """The topic's record, its configs', its partitions'. Raises Rejected: [17], [36], [37], [38], [39],
    [40], [42].
    """
    check_new_name(asked.name, view.image.topics)
    configs = initial_topic_configs(asked.name, asked.configs)
    replicas = _assigned(view, asked) if asked.assignments else _placed(view, asked)
    partitions = [_new_partition(view, topic_id, index, each) for index, each in enumerate(replicas)]
    created = CreatedTopic(topic_id, len(replicas), len(replicas[0]))
    return [TopicRecord(name=asked.name, topic_id=topic_id), *configs, *partitions], created


def _placed(view: ClusterView, asked: NewTopic) -> list[tuple[BrokerId, ...]]:
    if asked.replication_factor < USE_DEFAULT or asked.replication_factor == 0:
        why = "Replication factor must be larger than 0, or -1 to use the default value."
        raise Rejected(ErrorCode.INVALID_REPLICATION_FACTOR, why)
    if asked.partitions < USE_DEFAULT or asked.partitions == 0:
        why = "Number of partitions was set to an invalid non-positive value."
        raise Rejected(ErrorCode.INVALID_PARTITIONS, why)
    defaults = view.settings
    count = defaults.num_partitions if asked.partitions == USE_DEFAULT else asked.partitions
    factor = asked.replication_factor
    if factor == USE_DEFAULT:
        factor = defaults.default_replication_factor
    return place(view.image, first_partition=0, count=count, replication_factor=factor)


def _assigned(view: ClusterView, asked: NewTopic) -> list[tuple[BrokerId, ...]]:
    said = "A manual partition assignment was specified, but"
    if asked.replication_factor != USE_DEFAULT:
        raise Rejected(ErrorCode.INVALID_REQUEST, f"{said} replication factor was not set to -1.")
    if asked.partitions != USE_DEFAULT:
        raise Rejected(ErrorCode.INVALID_REQUEST, f"{said} numPartitions was not set to -1.")
    by_index: dict[int, tuple[BrokerId, ...]] = {}
    factor = len(asked.assignments[0][1])
    for index, replicas in asked.assignments:
        if index in by_index:
            why = f"Found multiple manual partition assignments for partition {index}"
            raise Rejected(ErrorCode.INVALID_REPLICA_ASSIGNMENT, why)
        _check_assignment(view, replicas, factor)
        by_index[index] = replicas
    if sorted(by_index) != list(range(len(by_index))):
        why = "partitions should be a consecutive 0-based integer sequence"
        raise Rejected(ErrorCode.INVALID_REPLICA_ASSIGNMENT, why)
    return [by_index[index] for index in range(len(by_index))]


def _check_assignment(view: ClusterView, replicas: Sequence[BrokerId], factor: int) -> None:
    check_manual_assignment(view.image, replicas)
    if len(replicas) != factor:
        why = (
            f"The manual partition assignment includes a partition with {len(replicas)} replica(s), where others "
            f"have {factor}."
        )
        raise Rejected(ErrorCode.INVALID_REPLICA_ASSIGNMENT, why)
    if not any(view.image.is_active(broker) for broker in replicas):
        why = f"All brokers of the assignment {list(replicas)} are fenced or in controlled shutdown."
        raise Rejected(ErrorCode.INVALID_REPLICA_ASSIGNMENT, why)


def _new_partition(
    view: ClusterView, topic_id: TopicId, index: int, replicas: tuple[BrokerId, ...]
) -> PartitionRecord:
    image = view.image
    isr = [replica for replica in replicas if image.is_active(replica) and image.has_a_directory(replica)]
    if not isr:
        why = "All brokers are currently fenced or in controlled shutdown."
        said = f"Unable to replicate the partition {len(replicas)} time(s): {why}"
        raise Rejected(ErrorCode.INVALID_REPLICATION_FACTOR, said)
    return PartitionRecord(
        topic_id=topic_id,
        partition_id=index,
        replicas=list(replicas),
        isr=isr,
        leader=isr[0],
        leader_epoch=0,
        partition_epoch=0,
        directories=[image.default_directory(replica) for replica in replicas],
    )


def create_partitions(view: ClusterView, asked: MorePartitions) -> list[Message]:
    """The new partitions' records. Raises Rejected: [3], [37], [38], [39]."""
    topic = view.image.topic(asked.name)
    if topic is None:
        raise Rejected(
            ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, "This server does not host this topic-partition."
        )
    existing = len(topic.partitions)
    if asked.total == existing:
        raise Rejected(ErrorCode.INVALID_PARTITIONS, f"Topic already has {existing} partition(s).")
    if asked.total < existing:
        why = (
            f"The topic {asked.name} currently has {existing} partition(s); "
            f"{asked.total} would not be an increase."
        )
        raise Rejected(ErrorCode.INVALID_PARTITIONS, why)
    factor = len(topic.partitions[0].replicas)
    replicas = _grown(view, asked, existing, factor)
    return [
        _new_partition(view, topic.topic_id, index, each) for index, each in enumerate(replicas, existing)
    ]


def _grown(
    view: ClusterView, asked: MorePartitions, existing: int, factor: int
) -> Sequence[tuple[BrokerId, ...]]:
    additional = asked.total - existing
    if asked.assignments is None:
        return place(view.image, first_partition=existing, count=additional, replication_factor=factor)
    if len(asked.assignments) != additional:
        why = (
            f"Attempted to add {additional} additional partition(s), but only "
            f"{len(asked.assignments)} assignment(s) were specified."
        )
        raise Rejected(ErrorCode.INVALID_REPLICA_ASSIGNMENT, why)
    for replicas in asked.assignments:
        _check_assignment(view, replicas, factor)
    return asked.assignments


def delete_topic(view: ClusterView, topic_id: TopicId) -> list[Message]:
    """The topic is gone, its partitions and configs with it. Raises Rejected [73], [100]."""
    if not view.settings.delete_topic_enable:
        raise Rejected(ErrorCode.TOPIC_DELETION_DISABLED, "delete.topic.enable is false")
    if topic_id not in view.image.topic_names:
        raise Rejected(ErrorCode.UNKNOWN_TOPIC_ID, "This server does not host this topic ID.")
    return [RemoveTopicRecord(topic_id=topic_id)]
