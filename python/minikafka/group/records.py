"""The group coordinator's records in `__consumer_offsets`, byte for byte Kafka's.

Written: OffsetCommit (key type 1) and GroupMetadata (key type 2), each under a key that names what it is about, so
compaction keeps the last of each. A null value is a tombstone. Read: whatever a log holds; what this broker does not
know is skipped, as Kafka does.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final, NamedTuple

from minikafka.coordinator.shard import CoordinatorRecord
from minikafka.group.classic.group import ClassicGroup
from minikafka.group.classic.member import Member
from minikafka.group.classic.requests import Protocol
from minikafka.group.classic.states import COMPLETING_REBALANCE, EMPTY, STABLE
from minikafka.types import NO_EPOCH, NO_TIMESTAMP, NO_TOPIC_ID, LeaderEpoch, Offset, TopicId
from minikafka.wire.codec import encode_record
from minikafka.wire.records.group_metadata import GroupMetadataKey, GroupMetadataValue, MemberMetadata
from minikafka.wire.records.offset_commit import OffsetCommitKey, OffsetCommitValue

KEY_VERSION: Final = 0
GROUP_METADATA_VALUE_VERSION: Final = 3
OFFSET_COMMIT_VALUE_VERSION: Final = 4
"""Has the topic id, so that a re-created topic does not inherit its predecessor's offsets."""
OFFSET_COMMIT_VALUE_VERSION_WITH_EXPIRY: Final = 1
"""The only version that can say when an offset expires (OffsetCommit v2-v4's retention time)."""


class CommittedOffset(NamedTuple):
    """One committed offset.

    offset: what the consumer committed: the next record it wants.
    expire_timestamp_ms: set only by OffsetCommit v2-v4 with a retention time; else -1 and the broker's setting rules.
    record_offset: where in `__consumer_offsets` this was written; decides who wins, a plain or a transactional
        commit (T12). -1 before it is written.
    """

    offset: Offset
    leader_epoch: LeaderEpoch = NO_EPOCH
    metadata: str = ""
    commit_timestamp_ms: int = NO_TIMESTAMP
    expire_timestamp_ms: int = NO_TIMESTAMP
    topic_id: TopicId = NO_TOPIC_ID
    record_offset: Offset = -1


def offset_commit_record(
    group_id: str, topic: str, partition: int, committed: CommittedOffset
) -> CoordinatorRecord:
    """An offset, committed."""
    has_expiry = committed.expire_timestamp_ms != NO_TIMESTAMP
    value = OffsetCommitValue(
        offset=committed.offset,
        leader_epoch=committed.leader_epoch,
        metadata=committed.metadata,
        commit_timestamp=committed.commit_timestamp_ms,
        expire_timestamp=committed.expire_timestamp_ms,
        topic_id=committed.topic_id,
    )
    version = OFFSET_COMMIT_VALUE_VERSION_WITH_EXPIRY if has_expiry else OFFSET_COMMIT_VALUE_VERSION
    return CoordinatorRecord(_offset_key(group_id, topic, partition), encode_record(value, version))


def offset_tombstone(group_id: str, topic: str, partition: int) -> CoordinatorRecord:
    """An offset, forgotten."""
    return CoordinatorRecord(_offset_key(group_id, topic, partition), None)


def committed_offset(value: OffsetCommitValue, record_offset: Offset) -> CommittedOffset:
    """What such a record, found at `record_offset`, says."""
    return CommittedOffset(
        value.offset,
        value.leader_epoch,
        value.metadata,
        value.commit_timestamp,
        value.expire_timestamp,
        value.topic_id,
        record_offset,
    )


def group_metadata_record(group: ClassicGroup, assignments: Mapping[str, bytes]) -> CoordinatorRecord:
    """The group at rest: its generation and members, each with its assignment (member id -> bytes)."""
    members = [
        _member_metadata(group, member, assignments[member.member_id]) for member in group.members.values()
    ]
    return _group_record(group, members, group.leader_id)


def renamed_member_record(group: ClassicGroup, member: Member, new_member_id: str) -> CoordinatorRecord:
    """The group at rest with one static member under a new id (G8); the group itself is left as it is."""
    renamed = replace(member, member_id=new_member_id)
    members = [
        _member_metadata(group, renamed if other is member else other, other.assignment)
        for other in group.members.values()
    ]
    return _group_record(
        group, members, new_member_id if group.leader_id == member.member_id else group.leader_id
    )


def new_group_record(group: ClassicGroup) -> CoordinatorRecord:
    """A group nobody has joined yet."""
    value = GroupMetadataValue(protocol=None, leader=None, current_state_timestamp=group.state_timestamp_ms)
    return CoordinatorRecord(_group_key(group.group_id), encode_record(value, GROUP_METADATA_VALUE_VERSION))


def group_tombstone(group_id: str) -> CoordinatorRecord:
    """A group, deleted."""
    return CoordinatorRecord(_group_key(group_id), None)


def restored_group(group_id: str, value: GroupMetadataValue) -> ClassicGroup:
    """The group such a record remembers: Stable if it had members, else Empty."""
    group = ClassicGroup(group_id, value.current_state_timestamp)
    group.generation_id = value.generation
    group.protocol_name = value.protocol
    group.leader_id = value.leader
    for remembered in value.members:
        group.add(_restored_member(remembered, value.protocol or ""), value.protocol_type)
    group.protocol_type = value.protocol_type or None
    group.state = STABLE if group.members else EMPTY
    group.note_subscriptions()
    return group


def settle(group: ClassicGroup, value: GroupMetadataValue) -> None:
    """The record this coordinator just wrote about a group it is serving: what it decided comes true now.

    A leader's assignment makes the group Stable; a static member that took its place over is renamed.
    """
    for remembered in value.members:
        if remembered.member_id not in group.members:
            replaced = group.static_members[remembered.group_instance_id or ""]
            group.rename_static_member(group.members[replaced], remembered.member_id)
        group.members[remembered.member_id].assignment = bytes(remembered.assignment)
    if group.state is COMPLETING_REBALANCE and value.members:
        group.transition_to(STABLE, value.current_state_timestamp)


def _offset_key(group_id: str, topic: str, partition: int) -> bytes:
    return encode_record(OffsetCommitKey(group=group_id, topic=topic, partition=partition), KEY_VERSION)


def _group_key(group_id: str) -> bytes:
    return encode_record(GroupMetadataKey(group=group_id), KEY_VERSION)


def _group_record(
    group: ClassicGroup, members: list[MemberMetadata], leader_id: str | None
) -> CoordinatorRecord:
    value = GroupMetadataValue(
        protocol_type=group.protocol_type or "",
        generation=group.generation_id,
        protocol=group.protocol_name,
        leader=leader_id,
        current_state_timestamp=group.state_timestamp_ms,
        members=members,
    )
    return CoordinatorRecord(_group_key(group.group_id), encode_record(value, GROUP_METADATA_VALUE_VERSION))


def _member_metadata(group: ClassicGroup, member: Member, assignment: bytes) -> MemberMetadata:
    return MemberMetadata(
        member_id=member.member_id,
        group_instance_id=member.instance_id,
        client_id=member.client_id,
        client_host=member.client_host,
        rebalance_timeout=member.rebalance_timeout_ms,
        session_timeout=member.session_timeout_ms,
        subscription=member.metadata(group.protocol_name),
        assignment=assignment,
    )


def _restored_member(remembered: MemberMetadata, protocol_name: str) -> Member:
    has_rebalance_timeout = remembered.rebalance_timeout != -1
    return Member(
        remembered.member_id,
        remembered.group_instance_id,
        remembered.client_id,
        remembered.client_host,
        remembered.session_timeout,
        remembered.rebalance_timeout if has_rebalance_timeout else remembered.session_timeout,
        (Protocol(protocol_name, bytes(remembered.subscription)),),
        bytes(remembered.assignment),
    )
