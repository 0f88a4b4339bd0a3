"""How offsets and groups go away: by time (G10), by DeleteGroups and OffsetDelete (G11), with their topic.

The sweep forgets an offset `offsets.retention.minutes` after
- the group became Empty, if it ever had members;
- the commit itself, if nobody ever joined the group, or if the group is Stable but no member reads the topic any more.
Never while an open transaction has written it, never a topic that a live group subscribes to. An Empty group without
offsets goes as well. OffsetCommit v2-v4 could set a retention time; such an offset expires by its own date.

Everything here only writes tombstones; replay does the forgetting.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, TypeVar

from minikafka.coordinator.shard import CoordinatorRecord, Result
from minikafka.errors import ErrorCode, Rejected
from minikafka.group.classic.group import ClassicGroup
from minikafka.group.classic.states import DEAD, EMPTY, HEARS, STABLE
from minikafka.group.consumer.group import ConsumerGroup
from minikafka.group.consumer.records import group_tombstones
from minikafka.group.groups import Groups
from minikafka.group.offsets import Offsets
from minikafka.group.records import CommittedOffset, group_tombstone, offset_tombstone
from minikafka.types import NO_TIMESTAMP, NO_TOPIC_ID, Now, TopicId, TopicPartition

T = TypeVar("T")

MS_PER_MINUTE: Final = 60_000


def sweep(groups: Groups, offsets: Offsets, now: Now) -> list[CoordinatorRecord]:
    """Tombstones for what has expired by now (wall clock)."""
    records: list[CoordinatorRecord] = []
    for group in groups.by_id.values():
        expired = [
            partition
            for partition, committed in offsets.of_group(group.group_id)
            if _is_expired(groups, offsets, group, partition, committed, now)
        ]
        records += [offset_tombstone(group.group_id, *partition) for partition in expired]
        has_offsets_left = len(expired) < sum(1 for _ in offsets.of_group(group.group_id))
        has_pending = any(True for _ in offsets.pending_of_group(group.group_id))
        if group.state is EMPTY and not group.pending_members and not has_offsets_left and not has_pending:
            records.append(group_tombstone(group.group_id))
    return records + _sweep_consumer_groups(groups, offsets, now)


def _sweep_consumer_groups(groups: Groups, offsets: Offsets, now: Now) -> list[CoordinatorRecord]:
    """KIP-848 groups: each offset counts from its own commit, as Kafka does."""
    records: list[CoordinatorRecord] = []
    retention_ms = groups.settings.offsets_retention_minutes * MS_PER_MINUTE
    for group in groups.consumer.values():
        expired = [
            partition
            for partition, committed in offsets.of_group(group.group_id)
            if now.wall_ms - committed.commit_timestamp_ms >= retention_ms
            and not group.is_subscribed_to(partition.topic)
            and not offsets.is_pending(group.group_id, partition)
        ]
        records += [offset_tombstone(group.group_id, *partition) for partition in expired]
        has_offsets_left = len(expired) < sum(1 for _ in offsets.of_group(group.group_id))
        has_pending = any(True for _ in offsets.pending_of_group(group.group_id))
        if not group.members and not has_offsets_left and not has_pending:
            records += group_tombstones(group.group_id)
    return records


def _is_expired(
    groups: Groups,
    offsets: Offsets,
    group: ClassicGroup,
    partition: TopicPartition,
    committed: CommittedOffset,
    now: Now,
) -> bool:
    since_ms = _counted_from(group, committed)
    if (
        since_ms is None
        or group.is_subscribed_to(partition.topic)
        or offsets.is_pending(group.group_id, partition)
    ):
        return False
    if committed.expire_timestamp_ms != NO_TIMESTAMP:
        return now.wall_ms >= committed.expire_timestamp_ms
    return now.wall_ms - since_ms >= groups.settings.offsets_retention_minutes * MS_PER_MINUTE


def _counted_from(group: ClassicGroup, committed: CommittedOffset) -> int | None:
    """The wall clock the retention counts from; None: the offset does not expire now."""
    if group.protocol_type is None:
        return committed.commit_timestamp_ms
    if group.state is EMPTY:
        is_known = group.state_timestamp_ms != NO_TIMESTAMP
        return group.state_timestamp_ms if is_known else committed.commit_timestamp_ms
    knows_topics = group.uses_consumer_protocol and group.subscribed_topics is not None
    return committed.commit_timestamp_ms if group.state is STABLE and knows_topics else None


def delete_group(groups: Groups, offsets: Offsets, group_id: str, outcome: Result[T]) -> None:
    """DeleteGroups, one group. Raises Rejected: GROUP_ID_NOT_FOUND [69], NON_EMPTY_GROUP [68]."""
    consumer_group = groups.consumer.get(group_id)
    group = groups.get(group_id)
    if consumer_group is not None:
        if consumer_group.members:
            raise Rejected(
                ErrorCode.NON_EMPTY_GROUP, f"the group is {consumer_group.state.value}", rule="G11"
            )
    elif group is None:
        raise Rejected(ErrorCode.GROUP_ID_NOT_FOUND, f"no group {group_id}", rule="G11")
    elif (heard := HEARS[group.state].delete_group) != ErrorCode.NONE:
        raise Rejected(heard, f"the group is {group.state.value}", rule="G11")
    partitions = dict.fromkeys(partition for partition, _ in offsets.of_group(group_id))
    partitions |= dict.fromkeys(offsets.pending_of_group(group_id))
    outcome.records += [offset_tombstone(group_id, *partition) for partition in partitions]
    if consumer_group is not None:
        outcome.records += group_tombstones(group_id)
    else:
        outcome.records.append(group_tombstone(group_id))


def delete_offsets(
    groups: Groups, offsets: Offsets, group_id: str, asked: Sequence[TopicPartition]
) -> Result[list[ErrorCode]]:
    """OffsetDelete: an error per partition, in order: NONE (also for what was never committed) or
    GROUP_SUBSCRIBED_TO_TOPIC [86]. Raises Rejected: [24], [69], NON_EMPTY_GROUP [68] for a live group whose
    subscriptions the broker cannot read.
    """
    group: ClassicGroup | ConsumerGroup
    if group_id in groups.consumer:
        group = groups.consumer[group_id]
    else:
        group = _classic_group_to_delete_from(groups, group_id)
    outcome: Result[list[ErrorCode]] = Result()
    errors: list[ErrorCode] = []
    for partition in asked:
        if group.is_subscribed_to(partition.topic):
            errors.append(ErrorCode.GROUP_SUBSCRIBED_TO_TOPIC)
            continue
        errors.append(ErrorCode.NONE)
        if offsets.get(group_id, partition) is not None or offsets.is_pending(group_id, partition):
            outcome.records.append(offset_tombstone(group_id, *partition))
    outcome.response = errors
    return outcome


def _classic_group_to_delete_from(groups: Groups, group_id: str) -> ClassicGroup:
    group = groups.find(group_id, ErrorCode.GROUP_ID_NOT_FOUND)
    if group.state is DEAD:
        raise Rejected(ErrorCode.GROUP_ID_NOT_FOUND, "the group is gone", rule="G11")
    if group.state is not EMPTY and not group.uses_consumer_protocol:
        raise Rejected(ErrorCode.NON_EMPTY_GROUP, f"the group is {group.state.value}", rule="G11")
    return group


def forget_topic(groups: Groups, offsets: Offsets, topic: str, topic_id: TopicId) -> list[CoordinatorRecord]:
    """The topic is deleted: its offsets go, those committed for a later topic of that name stay."""
    return [
        offset_tombstone(group_id, *partition)
        for group_id in (*groups.by_id, *groups.consumer)
        for partition, committed in offsets.of_group(group_id)
        if partition.topic == topic and committed.topic_id in (NO_TOPIC_ID, topic_id)
    ]
