"""A KIP-848 consumer group: members, three epochs and a target (G13).

    group epoch        rises when members, subscriptions or the metadata of subscribed topics change
    assignment epoch   the group epoch that the target assignment was computed for
    member epoch       the assignment epoch that the member has been reconciled to (or is on its way from)

There is no rebalance to join: everyone is led to the newest target at its own pace, and a partition changes hands
only after its owner stopped reporting it. All of it is in the log, so a new coordinator goes on where the last
stopped. State here moves by replay alone (`replay.py`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import Enum

from minikafka.errors import ErrorCode, Rejected
from minikafka.group.consumer.member import ConsumerMember, MemberState, Slot
from minikafka.group.consumer.topics import Topics


class ConsumerGroupState(Enum):
    """As clients see it."""

    EMPTY = "Empty"
    ASSIGNING = "Assigning"
    RECONCILING = "Reconciling"
    STABLE = "Stable"


class ConsumerGroup:
    """See the module.

    target: member id -> the partitions it should have. resolved: regular expression -> topics that match.
    metadata_hash: of the subscribed topics' ids and partition counts when the group epoch last rose.
    target_timestamp_ms: wall clock of the last target.
    seen_topics: the topics of the cluster that `metadata_hash` was last found to hold for; a shortcut, not state.
    """

    def __init__(self, group_id: str) -> None:
        self.group_id = group_id
        self.epoch = 0
        self.metadata_hash = 0
        self.assignment_epoch = 0
        self.target_timestamp_ms = 0
        self.members: dict[str, ConsumerMember] = {}
        self.static_members: dict[str, str] = {}
        self.target: dict[str, frozenset[Slot]] = {}
        self.resolved: dict[str, tuple[str, ...]] = {}
        self.seen_topics: Topics | None = None
        self._owners: dict[Slot, str] = {}

    # Questions.

    @property
    def state(self) -> ConsumerGroupState:
        if not self.members:
            return ConsumerGroupState.EMPTY
        if self.epoch > self.assignment_epoch:
            return ConsumerGroupState.ASSIGNING
        if any(
            member.state is not MemberState.STABLE or member.epoch != self.assignment_epoch
            for member in self.members.values()
        ):
            return ConsumerGroupState.RECONCILING
        return ConsumerGroupState.STABLE

    def owner(self, slot: Slot) -> str | None:
        """Who has the partition, or has not given it up yet."""
        return self._owners.get(slot)

    def member(self, member_id: str) -> ConsumerMember:
        """Raises Rejected: UNKNOWN_MEMBER_ID [25]."""
        member = self.members.get(member_id)
        if member is None:
            why = f"member {member_id} is not a member of group {self.group_id}"
            raise Rejected(ErrorCode.UNKNOWN_MEMBER_ID, why, rule="G15")
        return member

    def static_member(self, instance_id: str) -> ConsumerMember | None:
        holder = self.static_members.get(instance_id)
        return None if holder is None else self.members[holder]

    def is_subscribed_to(self, topic: str) -> bool:
        return any(topic in subscribed_topics(member, self.resolved) for member in self.members.values())

    # Changes, by replay.

    def put(self, member: ConsumerMember) -> None:
        """Add the member, or replace what was known of it."""
        before = self.members.get(member.member_id)
        if before is not None:
            self._disown(before)
            if before.instance_id is not None and before.instance_id != member.instance_id:
                self.static_members.pop(before.instance_id, None)
        self.members[member.member_id] = member
        if member.instance_id is not None:
            self.static_members[member.instance_id] = member.member_id
        for slot in (*member.assigned, *member.revoking):
            self._owners[slot] = member.member_id

    def remove(self, member_id: str) -> None:
        member = self.members.pop(member_id, None)
        if member is None:
            return
        self._disown(member)
        if member.instance_id is not None and self.static_members.get(member.instance_id) == member_id:
            del self.static_members[member.instance_id]

    def _disown(self, member: ConsumerMember) -> None:
        for slot in (*member.assigned, *member.revoking):
            if self._owners.get(slot) == member.member_id:
                del self._owners[slot]


def subscribed_topics(member: ConsumerMember, resolved: Mapping[str, Iterable[str]]) -> frozenset[str]:
    """By name, and by regular expression."""
    return frozenset((*member.topics, *resolved.get(member.regex, ())))
