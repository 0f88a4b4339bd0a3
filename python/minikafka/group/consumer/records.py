"""The records of KIP-848 groups in `__consumer_offsets`, byte for byte Kafka's schemas.

| key type | key | value |
|---|---|---|
| 3 | group | group epoch, hash of the subscribed topics' metadata |
| 5 | group, member | who it is, what it subscribes to |
| 6 | group | assignment epoch |
| 7 | group, member | its part of the target |
| 8 | group, member | its epoch, state, partitions assigned and pending revocation |
| 16 | group, regular expression | topics that match |

A null value is a tombstone. A member that speaks the classic protocol inside such a group (G17) has its session timeout
and protocols with its metadata. Of any other member that field is *written as null*: left out, it means an empty one,
and Kafka would take the member for a classic one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from minikafka.coordinator.shard import CoordinatorRecord
from minikafka.group.consumer.member import ClassicSide, ConsumerMember, Slot
from minikafka.types import TopicId
from minikafka.wire.codec import encode_record
from minikafka.wire.message import Message
from minikafka.wire.records.consumer_group_current_member_assignment import (
    ConsumerGroupCurrentMemberAssignmentKey,
    ConsumerGroupCurrentMemberAssignmentValue,
    TopicPartitions,
)
from minikafka.wire.records.consumer_group_member_metadata import (
    ClassicMemberMetadata,
    ClassicProtocol,
    ConsumerGroupMemberMetadataKey,
    ConsumerGroupMemberMetadataValue,
)
from minikafka.wire.records.consumer_group_metadata import (
    ConsumerGroupMetadataKey,
    ConsumerGroupMetadataValue,
)
from minikafka.wire.records.consumer_group_regular_expression import (
    ConsumerGroupRegularExpressionKey,
    ConsumerGroupRegularExpressionValue,
)
from minikafka.wire.records.consumer_group_target_assignment_member import (
    ConsumerGroupTargetAssignmentMemberKey,
    ConsumerGroupTargetAssignmentMemberValue,
    TopicPartition,
)
from minikafka.wire.records.consumer_group_target_assignment_metadata import (
    ConsumerGroupTargetAssignmentMetadataKey,
    ConsumerGroupTargetAssignmentMetadataValue,
)


def group_epoch(group_id: str, epoch: int, metadata_hash: int) -> CoordinatorRecord:
    value = ConsumerGroupMetadataValue(epoch=epoch, metadata_hash=metadata_hash)
    return _record(ConsumerGroupMetadataKey(group_id=group_id), value)


def group_tombstones(group_id: str) -> list[CoordinatorRecord]:
    """A group without members, deleted."""
    keys = (
        ConsumerGroupTargetAssignmentMetadataKey(group_id=group_id),
        ConsumerGroupMetadataKey(group_id=group_id),
    )
    return [_record(key, None) for key in keys]


def member_metadata(group_id: str, member: ConsumerMember) -> CoordinatorRecord:
    value = ConsumerGroupMemberMetadataValue(
        instance_id=member.instance_id,
        rack_id=member.rack_id,
        client_id=member.client_id,
        client_host=member.client_host,
        subscribed_topic_names=list(member.topics),
        subscribed_topic_regex=member.regex or None,
        rebalance_timeout_ms=member.rebalance_timeout_ms,
        server_assignor=member.assignor,
        classic_member_metadata=None if member.classic is None else _classic_side(member.classic),
    )
    return _record(ConsumerGroupMemberMetadataKey(group_id=group_id, member_id=member.member_id), value)


def _classic_side(side: ClassicSide) -> ClassicMemberMetadata:
    protocols = [ClassicProtocol(name=each.name, metadata=each.metadata) for each in side.protocols]
    return ClassicMemberMetadata(session_timeout_ms=side.session_timeout_ms, supported_protocols=protocols)


def member_tombstones(group_id: str, member_id: str) -> list[CoordinatorRecord]:
    """A member, gone: its assignment, its target, itself."""
    keys = (
        ConsumerGroupCurrentMemberAssignmentKey(group_id=group_id, member_id=member_id),
        ConsumerGroupTargetAssignmentMemberKey(group_id=group_id, member_id=member_id),
        ConsumerGroupMemberMetadataKey(group_id=group_id, member_id=member_id),
    )
    return [_record(key, None) for key in keys]


def target_epoch(group_id: str, epoch: int, timestamp_ms: int) -> CoordinatorRecord:
    """`timestamp_ms`: wall clock."""
    value = ConsumerGroupTargetAssignmentMetadataValue(
        assignment_epoch=epoch, assignment_timestamp=timestamp_ms
    )
    return _record(ConsumerGroupTargetAssignmentMetadataKey(group_id=group_id), value)


def member_target(group_id: str, member_id: str, slots: Iterable[Slot]) -> CoordinatorRecord:
    rows = [TopicPartition(topic_id=topic, partitions=indexes) for topic, indexes in by_topic(slots).items()]
    key = ConsumerGroupTargetAssignmentMemberKey(group_id=group_id, member_id=member_id)
    return _record(key, ConsumerGroupTargetAssignmentMemberValue(topic_partitions=rows))


def current_assignment(group_id: str, member: ConsumerMember) -> CoordinatorRecord:
    value = ConsumerGroupCurrentMemberAssignmentValue(
        member_epoch=member.epoch,
        previous_member_epoch=member.previous_epoch,
        state=int(member.state),
        assigned_partitions=_with_epochs(member.assigned),
        partitions_pending_revocation=_with_epochs(member.revoking),
    )
    key = ConsumerGroupCurrentMemberAssignmentKey(group_id=group_id, member_id=member.member_id)
    return _record(key, value)


def resolved_regex(
    group_id: str, regex: str, topics: Iterable[str] | None, version: int = 0, timestamp_ms: int = 0
) -> CoordinatorRecord:
    """Which topics match; None: nobody subscribes with it any more."""
    key = ConsumerGroupRegularExpressionKey(group_id=group_id, regular_expression=regex)
    if topics is None:
        return _record(key, None)
    value = ConsumerGroupRegularExpressionValue(topics=list(topics), version=version, timestamp=timestamp_ms)
    return _record(key, value)


def by_topic(slots: Iterable[Slot]) -> dict[TopicId, list[int]]:
    """Partitions by topic id, in order."""
    rows: dict[TopicId, list[int]] = {}
    for topic_id, partition in sorted(slots):
        rows.setdefault(topic_id, []).append(partition)
    return rows


def _with_epochs(slots: Mapping[Slot, int]) -> list[TopicPartitions]:
    return [
        TopicPartitions(
            topic_id=topic_id,
            partitions=indexes,
            assignment_epochs=[slots[Slot(topic_id, index)] for index in indexes],
        )
        for topic_id, indexes in by_topic(slots).items()
    ]


def _record(key: Message, value: Message | None) -> CoordinatorRecord:
    return CoordinatorRecord(encode_record(key, 0), None if value is None else encode_record(value, 0))
