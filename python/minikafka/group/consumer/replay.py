"""Records of `__consumer_offsets` back into consumer groups; the only way their state moves.

A group comes into being with its first record, whichever that is: compaction keeps the last record of each key, not
their order. It ends with the tombstone of its epoch.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TypeAlias

from minikafka.group.classic.requests import Protocol
from minikafka.group.consumer.group import ConsumerGroup
from minikafka.group.consumer.member import ClassicSide, ConsumerMember, MemberState, Slot
from minikafka.wire.codec import decode_record
from minikafka.wire.records.consumer_group_current_member_assignment import (
    ConsumerGroupCurrentMemberAssignmentKey,
    ConsumerGroupCurrentMemberAssignmentValue,
    TopicPartitions,
)
from minikafka.wire.records.consumer_group_member_metadata import (
    ClassicMemberMetadata,
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
)
from minikafka.wire.records.consumer_group_target_assignment_metadata import (
    ConsumerGroupTargetAssignmentMetadataKey,
    ConsumerGroupTargetAssignmentMetadataValue,
)

ConsumerGroupKey: TypeAlias = (
    ConsumerGroupMetadataKey
    | ConsumerGroupMemberMetadataKey
    | ConsumerGroupTargetAssignmentMetadataKey
    | ConsumerGroupTargetAssignmentMemberKey
    | ConsumerGroupCurrentMemberAssignmentKey
    | ConsumerGroupRegularExpressionKey
)


def replay(groups: dict[str, ConsumerGroup], key: ConsumerGroupKey, value: bytes | None) -> None:
    """Apply one record."""
    if value is None:
        _forget(groups, key)
        return
    group = groups.setdefault(key.group_id, ConsumerGroup(key.group_id))
    if isinstance(key, ConsumerGroupMetadataKey):
        epochs = decode_record(ConsumerGroupMetadataValue, value)
        group.epoch, group.metadata_hash = epochs.epoch, epochs.metadata_hash
    elif isinstance(key, ConsumerGroupMemberMetadataKey):
        group.put(
            _with_metadata(
                _member(group, key.member_id), decode_record(ConsumerGroupMemberMetadataValue, value)
            )
        )
    elif isinstance(key, ConsumerGroupTargetAssignmentMetadataKey):
        target = decode_record(ConsumerGroupTargetAssignmentMetadataValue, value)
        group.assignment_epoch, group.target_timestamp_ms = (
            target.assignment_epoch,
            target.assignment_timestamp,
        )
    elif isinstance(key, ConsumerGroupTargetAssignmentMemberKey):
        rows = decode_record(ConsumerGroupTargetAssignmentMemberValue, value).topic_partitions
        group.target[key.member_id] = frozenset(
            Slot(row.topic_id, index) for row in rows for index in row.partitions
        )
    elif isinstance(key, ConsumerGroupCurrentMemberAssignmentKey):
        current = decode_record(ConsumerGroupCurrentMemberAssignmentValue, value)
        group.put(_with_assignment(_member(group, key.member_id), current))
    else:
        group.resolved[key.regular_expression] = tuple(
            decode_record(ConsumerGroupRegularExpressionValue, value).topics
        )


def _forget(groups: dict[str, ConsumerGroup], key: ConsumerGroupKey) -> None:
    group = groups.get(key.group_id)
    if group is None:
        return
    if isinstance(key, ConsumerGroupMetadataKey):
        del groups[key.group_id]
    elif isinstance(key, ConsumerGroupMemberMetadataKey):
        group.remove(key.member_id)
    elif isinstance(key, ConsumerGroupTargetAssignmentMemberKey):
        group.target.pop(key.member_id, None)
    elif isinstance(key, ConsumerGroupCurrentMemberAssignmentKey):
        if key.member_id in group.members:
            nothing = ConsumerMember("")
            group.put(
                replace(
                    group.members[key.member_id], epoch=nothing.epoch, previous_epoch=nothing.previous_epoch,
                    state=nothing.state, assigned={}, revoking={},
                )
            )  # fmt: skip
    elif isinstance(key, ConsumerGroupRegularExpressionKey):
        group.resolved.pop(key.regular_expression, None)


def _member(group: ConsumerGroup, member_id: str) -> ConsumerMember:
    return group.members.get(member_id) or ConsumerMember(member_id)


def _with_metadata(member: ConsumerMember, value: ConsumerGroupMemberMetadataValue) -> ConsumerMember:
    return replace(
        member,
        instance_id=value.instance_id,
        rack_id=value.rack_id,
        client_id=value.client_id,
        client_host=value.client_host,
        topics=tuple(value.subscribed_topic_names),
        regex=value.subscribed_topic_regex or "",
        rebalance_timeout_ms=value.rebalance_timeout_ms,
        assignor=value.server_assignor,
        classic=_classic_side(value.classic_member_metadata),
    )


def _classic_side(value: ClassicMemberMetadata | None) -> ClassicSide | None:
    """A classic member has at least one protocol; without any it is the field's default, left out by older versions of
    this broker."""
    if value is None or not value.supported_protocols:
        return None
    protocols = tuple(Protocol(each.name, bytes(each.metadata)) for each in value.supported_protocols)
    return ClassicSide(value.session_timeout_ms, protocols)


def _with_assignment(
    member: ConsumerMember, value: ConsumerGroupCurrentMemberAssignmentValue
) -> ConsumerMember:
    is_known = value.state in list(MemberState)
    return replace(
        member,
        epoch=value.member_epoch,
        previous_epoch=value.previous_member_epoch,
        state=MemberState(value.state) if is_known else MemberState.UNKNOWN,
        assigned=_slots(value.assigned_partitions, value.member_epoch),
        revoking=_slots(value.partitions_pending_revocation, value.member_epoch),
    )


def _slots(rows: Iterable[TopicPartitions], epoch: int) -> dict[Slot, int]:
    """Records older than Kafka 4.3 have no assignment epochs; the member's stands in."""
    return {
        Slot(row.topic_id, index): since
        for row in rows
        for index, since in zip(
            row.partitions, row.assignment_epochs or [epoch] * len(row.partitions), strict=True
        )
    }
