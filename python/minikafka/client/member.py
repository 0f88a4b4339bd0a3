"""A member of a consumer group by the classic protocol, which every Kafka speaks: join, sync, heartbeat, leave."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from typing import Final

from minikafka.client.assignment import (
    assign_by_range,
    assigned_partitions,
    encoded_assignment,
    encoded_subscription,
    subscribed_topics,
)
from minikafka.client.client import Client, check
from minikafka.client.committed import commit_offsets
from minikafka.client.connection import Connection
from minikafka.errors import ErrorCode
from minikafka.types import Offset, TopicPartition
from minikafka.wire.messages.heartbeat import HeartbeatRequest, HeartbeatResponse
from minikafka.wire.messages.join_group import (
    JoinGroupRequest,
    JoinGroupRequestProtocol,
    JoinGroupResponse,
)
from minikafka.wire.messages.leave_group import LeaveGroupRequest, LeaveGroupResponse
from minikafka.wire.messages.sync_group import (
    SyncGroupRequest,
    SyncGroupRequestAssignment,
    SyncGroupResponse,
)

SESSION_TIMEOUT_MS: Final = 45_000
REBALANCE_TIMEOUT_MS: Final = 60_000
HEARTBEAT_S: Final = 3.0
ASSIGNOR: Final = "range"
LOST: Final = frozenset({ErrorCode.UNKNOWN_MEMBER_ID, ErrorCode.FENCED_INSTANCE_ID})
REJOIN: Final = LOST | {ErrorCode.REBALANCE_IN_PROGRESS, ErrorCode.ILLEGAL_GENERATION}
JOIN_AGAIN: Final = frozenset(
    {
        ErrorCode.UNKNOWN_MEMBER_ID,
        ErrorCode.MEMBER_ID_REQUIRED,
        ErrorCode.REBALANCE_IN_PROGRESS,
        ErrorCode.ILLEGAL_GENERATION,
    }
)


class GroupMember:
    """Subscribes to `topics`. Its partitions are those of the last `join`."""

    def __init__(self, client: Client, group_id: str, topics: Iterable[str]) -> None:
        self.group_id = group_id
        self.member_id = ""
        self.generation_id = -1
        self._client = client
        self._topics = sorted(set(topics))
        self._heard_at = 0.0

    def join(self) -> list[TopicPartition]:
        """Wait for the rebalance to end; the partitions that are ours now. Raises RequestRefused, MinikafkaError."""
        assigned = self._client.until_settled(
            f"joining group {self.group_id}", self._join_once, also=JOIN_AGAIN
        )
        self._heard_at = time.monotonic()
        return assigned

    def is_current(self) -> bool:
        """Whether our partitions are still ours; asks at most every three seconds."""
        if time.monotonic() - self._heard_at < HEARTBEAT_S:
            return True
        request = HeartbeatRequest(self.group_id, self.generation_id, self.member_id)

        def attempt() -> int:
            answer = self._client.ask(self._coordinator, request, HeartbeatResponse, highest=3)
            if answer.error_code not in REJOIN:
                check(answer.error_code, f"heartbeat to group {self.group_id}")
            return answer.error_code

        code = self._client.until_settled(f"heartbeat to group {self.group_id}", attempt)
        self._heard_at = time.monotonic()
        if code in LOST:
            self.member_id, self.generation_id = "", -1
        return code == ErrorCode.NONE

    def commit(self, positions: Mapping[TopicPartition, Offset]) -> None:
        """Raises RequestRefused, also when the group went on without us."""
        if positions:
            commit_offsets(
                self._client,
                self.group_id,
                positions,
                member_id=self.member_id,
                generation_id=self.generation_id,
            )

    def leave(self) -> None:
        """So that the others need not wait for our session to end."""
        if self.member_id:
            request = LeaveGroupRequest(self.group_id, self.member_id)
            self._client.ask(self._coordinator, request, LeaveGroupResponse, highest=2)
            self.member_id = ""

    def _coordinator(self) -> Connection:
        return self._client.coordinator(self.group_id)

    def _join_once(self) -> list[TopicPartition]:
        request = JoinGroupRequest(
            self.group_id,
            SESSION_TIMEOUT_MS,
            REBALANCE_TIMEOUT_MS,
            self.member_id,
            None,
            "consumer",
            [JoinGroupRequestProtocol(ASSIGNOR, encoded_subscription(self._topics))],
        )
        joined = self._client.ask(
            self._coordinator, request, JoinGroupResponse, highest=5, timeout_s=REBALANCE_TIMEOUT_MS / 1000
        )
        if joined.error_code == ErrorCode.MEMBER_ID_REQUIRED:
            self.member_id = joined.member_id
        elif joined.error_code == ErrorCode.UNKNOWN_MEMBER_ID:
            self.member_id = ""
        check(joined.error_code, f"joining group {self.group_id}")
        self.member_id, self.generation_id = joined.member_id, joined.generation_id
        assignments = self._assigned_to_all(joined) if joined.leader == joined.member_id else []
        synced = self._client.ask(
            self._coordinator,
            SyncGroupRequest(self.group_id, self.generation_id, self.member_id, assignments=assignments),
            SyncGroupResponse,
            highest=3,
            timeout_s=REBALANCE_TIMEOUT_MS / 1000,
        )
        check(synced.error_code, f"joining group {self.group_id}")
        return assigned_partitions(synced.assignment)

    def _assigned_to_all(self, joined: JoinGroupResponse) -> list[SyncGroupRequestAssignment]:
        subscribed = {member.member_id: subscribed_topics(member.metadata) for member in joined.members}
        partitions = {
            topic: self._client.partitions(topic)
            for topic in {t for each in subscribed.values() for t in each}
        }
        return [
            SyncGroupRequestAssignment(member, encoded_assignment(mine))
            for member, mine in assign_by_range(subscribed, partitions).items()
        ]
