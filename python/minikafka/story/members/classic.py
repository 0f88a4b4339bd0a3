"""A member of the classic protocol: join, sync, heartbeat (G2-G6), eager or cooperative (G9).

    eager          gives everything up before it joins; the assignment that follows is all it has
    cooperative    joins with what it owns; gives up only what the assignment takes away, and joins once more so that
                   somebody else can have it

The first to join leads: the coordinator hands it everybody's metadata, and it assigns.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from minikafka.errors import ErrorCode
from minikafka.story.members.base import HEARTBEAT_MS, LOOK_AGAIN, RETRY_MS, Member
from minikafka.story.session import Story
from minikafka.types import BrokerId, TopicPartition
from minikafka.wire.codec import decode_record, encode_record
from minikafka.wire.messages import heartbeat, join_group, leave_group, sync_group
from minikafka.wire.records.consumer_protocol import (
    ConsumerProtocolAssignment,
    ConsumerProtocolAssignmentTopicPartition,
    ConsumerProtocolSubscription,
    ConsumerProtocolSubscriptionTopicPartition,
)

EAGER: Final = "range"
COOPERATIVE: Final = "cooperative-sticky"
PROTOCOL_TYPE: Final = "consumer"
SESSION_MS: Final = 6_000
REBALANCE_MS: Final = 10_000
JOIN_VERSION: Final = 7
SYNC_VERSION: Final = 5
HEARTBEAT_VERSION: Final = 4
LEAVE_VERSION: Final = 4
SUBSCRIPTION_VERSION: Final = 1
NO_GENERATION: Final = -1


class ClassicMember(Member):
    """See the module. generation: -1 while it is no member."""

    def __init__(self, story: Story, name: str, group: str, topics: list[str], *, cooperative: bool) -> None:
        super().__init__(story, name, group, topics)
        self._protocol = COOPERATIVE if cooperative else EAGER
        self._member_id = ""
        self._generation = NO_GENERATION

    def join(self) -> None:
        """Rejoin with whatever id it has; an eager member gives up what it owns first."""
        if self._protocol == EAGER:
            self.revoke(self.owned)
        self.with_coordinator("_join_at")

    def _join_at(self, broker: BrokerId) -> None:
        request = join_group.JoinGroupRequest(
            group_id=self.group,
            session_timeout_ms=SESSION_MS,
            rebalance_timeout_ms=REBALANCE_MS,
            member_id=self._member_id,
            protocol_type=PROTOCOL_TYPE,
            protocols=[
                join_group.JoinGroupRequestProtocol(name=self._protocol, metadata=self._subscription())
            ],
        )
        self.story.ask(broker, self.name, request, JOIN_VERSION, self._joined)

    def _joined(self, response: join_group.JoinGroupResponse | None) -> None:
        if not self.is_alive:
            return
        code = ErrorCode.NETWORK_EXCEPTION if response is None else ErrorCode(response.error_code)
        if response is not None and code in (ErrorCode.NONE, ErrorCode.MEMBER_ID_REQUIRED):
            self._member_id = response.member_id
        if response is None or code is not ErrorCode.NONE:
            self._start_over(code)
            return
        self._generation = response.generation_id
        leads = response.leader == self._member_id
        self.tell("joined", f"generation {self._generation}{', leads' if leads else ''}")
        self._assignments = assign(self.partitions(), _owned(response)) if leads else {}
        self.with_coordinator("_sync_at")

    def _sync_at(self, broker: BrokerId) -> None:
        request = sync_group.SyncGroupRequest(
            group_id=self.group,
            generation_id=self._generation,
            member_id=self._member_id,
            protocol_type=PROTOCOL_TYPE,
            protocol_name=self._protocol,
            assignments=[
                sync_group.SyncGroupRequestAssignment(member_id=member, assignment=_assignment(partitions))
                for member, partitions in self._assignments.items()
            ],
        )
        self.story.ask(broker, self.name, request, SYNC_VERSION, self._synced)

    def _synced(self, response: sync_group.SyncGroupResponse | None) -> None:
        if not self.is_alive:
            return
        code = ErrorCode.NETWORK_EXCEPTION if response is None else ErrorCode(response.error_code)
        if response is None or code is not ErrorCode.NONE:
            self._start_over(code)
            return
        assigned = {
            TopicPartition(topic.topic, index)
            for topic in decode_record(ConsumerProtocolAssignment, response.assignment).assigned_partitions
            for index in topic.partitions
        }
        taken_away = self.owned - assigned
        self.revoke(taken_away)
        self.assign(assigned)
        if taken_away:
            self.join()
        else:
            self.later(HEARTBEAT_MS, "beat")

    def beat(self) -> None:
        """G6: stay a member, and hear of rebalances."""
        self.with_coordinator("_beat_at")

    def _beat_at(self, broker: BrokerId) -> None:
        request = heartbeat.HeartbeatRequest(
            group_id=self.group, generation_id=self._generation, member_id=self._member_id
        )

        def heard(response: heartbeat.HeartbeatResponse | None) -> None:
            if not self.is_alive:
                return
            code = ErrorCode.NETWORK_EXCEPTION if response is None else ErrorCode(response.error_code)
            if code is ErrorCode.NONE:
                self.later(HEARTBEAT_MS, "beat")
            else:
                self._start_over(code)

        self.story.ask(broker, self.name, request, HEARTBEAT_VERSION, heard)

    def _start_over(self, code: ErrorCode) -> None:
        """What a refusal means for the next step."""
        if code in LOOK_AGAIN or code is ErrorCode.NETWORK_EXCEPTION:
            self.later(RETRY_MS, "beat" if self.owned else "join")
            return
        if code not in (ErrorCode.REBALANCE_IN_PROGRESS, ErrorCode.MEMBER_ID_REQUIRED):
            self.tell("is refused", code.name)
            self.revoke(self.owned)
            self._member_id, self._generation = "", NO_GENERATION
        self.join()

    def leave(self) -> None:
        """LeaveGroup: the others need not wait for its session to end."""
        self.revoke(self.owned)
        self.with_coordinator("_leave_at")

    def _leave_at(self, broker: BrokerId) -> None:
        members = [leave_group.MemberIdentity(member_id=self._member_id)]
        request = leave_group.LeaveGroupRequest(group_id=self.group, members=members)
        self.is_alive = False
        self.story.ask(broker, self.name, request, LEAVE_VERSION, lambda _: None)

    def _subscription(self) -> bytes:
        owned: dict[str, list[int]] = {}
        for topic, index in sorted(self.owned):
            owned.setdefault(topic, []).append(index)
        return encode_record(
            ConsumerProtocolSubscription(
                topics=self.topics,
                owned_partitions=[
                    ConsumerProtocolSubscriptionTopicPartition(topic=topic, partitions=indexes)
                    for topic, indexes in owned.items()
                ],
            ),
            SUBSCRIPTION_VERSION,
        )


def _owned(response: join_group.JoinGroupResponse) -> dict[str, set[TopicPartition]]:
    """What each member says it owns, by member id."""
    return {
        member.member_id: {
            TopicPartition(topic.topic, index)
            for topic in decode_record(ConsumerProtocolSubscription, member.metadata).owned_partitions
            for index in topic.partitions
        }
        for member in response.members
    }


def assign(
    partitions: list[TopicPartition], owned: Mapping[str, set[TopicPartition]]
) -> dict[str, list[TopicPartition]]:
    """As even as can be, owners keeping what they may; what an owner must give up goes to nobody in this round, since
    it is still being read."""
    members = sorted(owned)
    least, extra = divmod(len(partitions), len(members))
    quota = {member: least + (place < extra) for place, member in enumerate(members)}
    kept = {member: sorted(owned[member])[: quota[member]] for member in members}
    held = set().union(*owned.values())
    free = [partition for partition in partitions if partition not in held]
    for member in members:
        while free and len(kept[member]) < quota[member]:
            kept[member].append(free.pop(0))
    return kept


def _assignment(partitions: list[TopicPartition]) -> bytes:
    by_topic: dict[str, list[int]] = {}
    for topic, index in sorted(partitions):
        by_topic.setdefault(topic, []).append(index)
    return encode_record(
        ConsumerProtocolAssignment(
            assigned_partitions=[
                ConsumerProtocolAssignmentTopicPartition(topic=topic, partitions=indexes)
                for topic, indexes in by_topic.items()
            ]
        ),
        SUBSCRIPTION_VERSION,
    )
