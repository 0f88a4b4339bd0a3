"""The other side: what `__consumer_offsets` says of a group, record by record.

Only committed records are read, once each, when they become so (`OffsetsTopic.look` after every turn of a broker):
later they may be compacted away. Every batch is one decision; after each the group is as its records say:

    a classic group          generation and members, each with its assignment, in one record
    a KIP-848 group          a record for each member that is there, one for what it has been given (G14)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, NamedTuple, TypeAlias

from minikafka.config import CONSUMER_OFFSETS
from minikafka.group.consumer.member import MemberState
from minikafka.log.batch import read_records, split
from minikafka.partition.partition import Partition
from minikafka.sim.checker.replicas_agree import content
from minikafka.sim.members.assignor import assigned_in
from minikafka.types import Offset, TopicId, TopicPartition
from minikafka.wire.codec import decode_coordinator_key, decode_record
from minikafka.wire.message import Message
from minikafka.wire.records.consumer_group_current_member_assignment import (
    ConsumerGroupCurrentMemberAssignmentKey,
    ConsumerGroupCurrentMemberAssignmentValue,
    TopicPartitions,
)
from minikafka.wire.records.consumer_group_member_metadata import ConsumerGroupMemberMetadataKey
from minikafka.wire.records.consumer_group_metadata import (
    ConsumerGroupMetadataKey,
    ConsumerGroupMetadataValue,
)
from minikafka.wire.records.group_metadata import GroupMetadataKey, GroupMetadataValue
from minikafka.wire.records.offset_commit import OffsetCommitKey, OffsetCommitValue

TopicNames: TypeAlias = Callable[[TopicId], str | None]


class MemberView(NamedTuple):
    """One member. epoch: the group's generation, in a classic one. since: the epoch at which each partition was given.
    revoking: given, and to be given up. is_waiting: for what others have not given up yet (UNRELEASED)."""

    epoch: int
    assigned: frozenset[TopicPartition] = frozenset()
    revoking: frozenset[TopicPartition] = frozenset()
    since: Mapping[TopicPartition, int] = MappingProxyType({})
    instance_id: str | None = None
    is_waiting: bool = False


class GroupView(NamedTuple):
    """One group. epoch: its generation, or its group epoch. is_new: it speaks KIP-848."""

    is_new: bool = False
    epoch: int = 0
    members: Mapping[str, MemberView] = MappingProxyType({})


NO_GROUP: Final = GroupView()


class Step(NamedTuple):
    """From `offset` on the group is like this. at_ms: wall clock of the record. seen_us: when it was committed."""

    offset: Offset
    at_ms: int
    view: GroupView
    seen_us: int = 0


class CommittedRecord(NamedTuple):
    """An offset of a group. value -1: it was forgotten. seen_us: when it was committed."""

    offset: Offset
    at_ms: int
    partition: TopicPartition
    value: Offset
    tag: str
    seen_us: int = 0


@dataclass(slots=True)
class GroupLog:
    """All that was said of one group, in order."""

    steps: list[Step] = field(default_factory=list)
    committed: list[CommittedRecord] = field(default_factory=list)

    @property
    def now(self) -> GroupView:
        return self.steps[-1].view if self.steps else NO_GROUP

    def at_offset(self, offset: Offset) -> GroupView:
        """Just before the record at `offset`."""
        found = NO_GROUP
        for step in self.steps:
            if step.offset >= offset:
                break
            found = step.view
        return found

    def until(self, at_ms: int) -> list[GroupView]:
        """All there were, up to the end of that millisecond."""
        return [step.view for step in self.steps if step.at_ms <= at_ms]

    def offset_of(self, partition: TopicPartition) -> Offset:
        """The one committed last; -1: none."""
        return next((one.value for one in reversed(self.committed) if one.partition == partition), -1)


class OffsetsTopic:
    """Everything committed in `__consumer_offsets` so far, by group."""

    def __init__(self, name_of: TopicNames) -> None:
        self._name_of = name_of
        self._read: dict[TopicPartition, Offset] = {}
        self._now_us = 0
        self.groups: dict[str, GroupLog] = {}

    def look(self, partition: Partition, now_us: int) -> None:
        """Read on in a leader's log, up to its high watermark."""
        name = partition.topic_partition
        start = max(self._read.get(name, 0), partition.log.log_start_offset)
        end = partition.high_watermark
        if end <= start:
            return
        self._read[name] = end
        self._now_us = now_us
        for header, data in split(content(partition, start, end)):
            if header.is_control or header.base_offset < start:
                continue
            touched: dict[str, GroupView] = {}
            at_ms = header.max_timestamp
            for record in read_records(data):
                if record.key is not None:
                    self._take(record.offset, at_ms, record.key, record.value, touched)
            for group_id, view in touched.items():
                self.of(group_id).steps.append(Step(header.last_offset, at_ms, view, self._now_us))

    def of(self, group_id: str) -> GroupLog:
        return self.groups.setdefault(group_id, GroupLog())

    def _take(
        self, offset: Offset, at_ms: int, key: bytes, value: bytes | None, touched: dict[str, GroupView]
    ) -> None:
        what = decode_coordinator_key(key, CONSUMER_OFFSETS)
        if isinstance(what, OffsetCommitKey):
            partition = TopicPartition(what.topic, what.partition)
            said = None if value is None else decode_record(OffsetCommitValue, value)
            committed = (-1, "") if said is None else (said.offset, said.metadata)
            self.of(what.group).committed.append(
                CommittedRecord(offset, at_ms, partition, *committed, self._now_us)
            )
        elif isinstance(what, GroupMetadataKey):
            view = NO_GROUP if value is None else _classic(decode_record(GroupMetadataValue, value))
            touched[what.group] = view
        elif isinstance(
            what,
            ConsumerGroupMetadataKey
            | ConsumerGroupMemberMetadataKey
            | ConsumerGroupCurrentMemberAssignmentKey,
        ):
            before = touched.get(what.group_id, self.of(what.group_id).now)
            touched[what.group_id] = self._new(before, what, value)

    def _new(self, view: GroupView, key: Message, value: bytes | None) -> GroupView:
        if not view.is_new:
            if value is None:
                return view
            view = GroupView(is_new=True)
        if isinstance(key, ConsumerGroupMetadataKey):
            if value is None:
                return NO_GROUP
            return view._replace(epoch=decode_record(ConsumerGroupMetadataValue, value).epoch)
        members = dict(view.members)
        if isinstance(key, ConsumerGroupMemberMetadataKey):
            if value is None:
                members.pop(key.member_id, None)
            else:
                members.setdefault(key.member_id, MemberView(0))
        elif isinstance(key, ConsumerGroupCurrentMemberAssignmentKey):
            if value is not None:
                said = decode_record(ConsumerGroupCurrentMemberAssignmentValue, value)
                members[key.member_id] = self._member(said)
            elif key.member_id in members:
                members[key.member_id] = MemberView(0)
        return view._replace(members=members)

    def _member(self, said: ConsumerGroupCurrentMemberAssignmentValue) -> MemberView:
        assigned = self._since(said.assigned_partitions)
        revoking = self._since(said.partitions_pending_revocation)
        return MemberView(
            said.member_epoch,
            frozenset(assigned),
            frozenset(revoking),
            {**assigned, **revoking},
            is_waiting=said.state == MemberState.UNRELEASED,
        )

    def _since(self, rows: list[TopicPartitions]) -> dict[TopicPartition, int]:
        return {
            TopicPartition(name, index): since
            for row in rows
            if (name := self._name_of(row.topic_id)) is not None
            for index, since in zip(row.partitions, row.assignment_epochs or (), strict=True)
        }


def _classic(said: GroupMetadataValue) -> GroupView:
    members = {
        each.member_id: MemberView(
            said.generation, assigned_in(each.assignment), instance_id=each.group_instance_id
        )
        for each in said.members
    }
    return GroupView(is_new=False, epoch=said.generation, members=members)
