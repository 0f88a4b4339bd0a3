"""A member of the classic protocol: join, sync, heartbeat (G2-G6), eager or cooperative (G9), static if it has a name.

    eager          gives everything up before it joins; the assignment that follows is all it has
    cooperative    joins with what it owns; gives up only what the assignment takes away, and joins once more so that
                   somebody else can have it

Giving up may take its time (a batch is being processed): heartbeats go on meanwhile, as in real clients. The first to
join leads: the coordinator hands it everybody's metadata, and it assigns (`assignor.py`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from minikafka.errors import ErrorCode
from minikafka.sim.members.assignor import (
    assign,
    assigned_in,
    assignment_of,
    owned_by_members,
    subscription_of,
)
from minikafka.sim.members.base import LOOK_AGAIN, RETRY_MS, USUAL, Member, Surroundings, Timers, code_of
from minikafka.types import TopicPartition
from minikafka.wire.messages import heartbeat, join_group, leave_group, sync_group

EAGER: Final = "range"
COOPERATIVE: Final = "cooperative-sticky"
PROTOCOL_TYPE: Final = "consumer"
JOIN_VERSION: Final = 9
SYNC_VERSION: Final = 5
HEARTBEAT_VERSION: Final = 4
LEAVE_VERSION: Final = 4
NO_GENERATION: Final = -1
JOIN_PATIENCE_MS: Final = 5_000
"""A JoinGroup is waited for this much longer than the rebalance may take."""


class ClassicMember(Member):
    """See the module. epoch: its generation; -1 while it is no member."""

    def __init__(
        self,
        around: Surroundings,
        name: str,
        group: str,
        topics: list[str],
        *,
        cooperative: bool,
        timers: Timers = USUAL,
        instance_id: str | None = None,
    ) -> None:
        super().__init__(around, name, group, topics, timers, instance_id)
        self._protocol = COOPERATIVE if cooperative else EAGER
        self._assignments: dict[str, set[TopicPartition]] = {}
        self._is_releasing = False
        self._owns_since = NO_GENERATION

    def join(self) -> None:
        """Rejoin with whatever id it has; an eager member gives up what it owns first."""
        if self._protocol == EAGER and self.owned:
            self._release(frozenset(self.owned), self._ask_to_join)
        else:
            self._ask_to_join()

    def _release(self, partitions: frozenset[TopicPartition], then: Callable[[], None]) -> None:
        """Give these up, then go on; the session is kept alive until then."""
        self.next_turn()
        self._is_releasing = True

        def done() -> None:
            self._is_releasing = False
            self.revoke(partitions)
            then()

        self.around.let_go(self, partitions, self.in_turn(done))
        if self._is_releasing:
            self.later(self.timers.heartbeat_ms, self._beat)

    def _ask_to_join(self) -> None:
        self.next_turn()
        request = join_group.JoinGroupRequest(
            group_id=self.group,
            session_timeout_ms=self.timers.session_ms,
            rebalance_timeout_ms=self.timers.rebalance_ms,
            member_id=self.member_id,
            group_instance_id=self.instance_id,
            protocol_type=PROTOCOL_TYPE,
            protocols=[
                join_group.JoinGroupRequestProtocol(
                    name=self._protocol, metadata=subscription_of(self.topics, self.owned, self._owns_since)
                )
            ],
        )
        patience_ms = self.timers.rebalance_ms + JOIN_PATIENCE_MS
        self.ask_coordinator(request, JOIN_VERSION, self._joined, patience_ms)

    def _joined(self, response: join_group.JoinGroupResponse | None) -> None:
        code = code_of(response)
        if response is None or code not in (ErrorCode.NONE, ErrorCode.MEMBER_ID_REQUIRED):
            self._start_over(code)
            return
        self.member_id = response.member_id
        if code is ErrorCode.MEMBER_ID_REQUIRED:
            self._ask_to_join()
            return
        self.epoch = response.generation_id
        leads = response.leader == self.member_id
        self.around.told(self, "joined", f"generation {self.epoch}{', leads' if leads else ''}")
        assigns = leads and not response.skip_assignment
        self._assignments = assign(self.partitions(), owned_by_members(response)) if assigns else {}
        self._ask_to_sync()

    def _ask_to_sync(self) -> None:
        request = sync_group.SyncGroupRequest(
            group_id=self.group,
            generation_id=self.epoch,
            member_id=self.member_id,
            group_instance_id=self.instance_id,
            protocol_type=PROTOCOL_TYPE,
            protocol_name=self._protocol,
            assignments=[
                sync_group.SyncGroupRequestAssignment(member_id=member, assignment=assignment_of(partitions))
                for member, partitions in self._assignments.items()
            ],
        )
        patience_ms = self.timers.rebalance_ms + JOIN_PATIENCE_MS
        self.ask_coordinator(request, SYNC_VERSION, self._synced, patience_ms)

    def _synced(self, response: sync_group.SyncGroupResponse | None) -> None:
        code = code_of(response)
        if response is None or code is not ErrorCode.NONE:
            self._start_over(code)
            return
        assigned = assigned_in(response.assignment)
        is_first = self._owns_since == NO_GENERATION
        self._owns_since = self.epoch
        taken_away = frozenset(self.owned - assigned)
        self.around.given(self, assigned)
        if taken_away:

            def done() -> None:
                self.assign(assigned)
                self.join()

            self._release(taken_away, done)
        elif is_first and self.instance_id is not None and self._protocol == COOPERATIVE:
            # Its former life may have owed the group a second join, after what it had to give up.
            self.assign(assigned)
            self.join()
        else:
            self.assign(assigned)
            self.later(self.timers.heartbeat_ms, self._beat)

    def _beat(self) -> None:
        """G6: stay a member, and hear of rebalances."""
        request = heartbeat.HeartbeatRequest(
            group_id=self.group,
            generation_id=self.epoch,
            member_id=self.member_id,
            group_instance_id=self.instance_id,
        )
        self.ask_coordinator(request, HEARTBEAT_VERSION, self._heard)

    def _heard(self, response: heartbeat.HeartbeatResponse | None) -> None:
        code = code_of(response)
        is_expected = self._is_releasing and code is ErrorCode.REBALANCE_IN_PROGRESS
        if code is ErrorCode.NONE or is_expected:
            self.later(self.timers.heartbeat_ms, self._beat)
        elif code in LOOK_AGAIN:
            self.look_again(self._beat)
        else:
            self._start_over(code)

    def _start_over(self, code: ErrorCode) -> None:
        """What a refusal means for the next step."""
        if code in LOOK_AGAIN:
            self.look_again(self.join)
            return
        if code is ErrorCode.REBALANCE_IN_PROGRESS:
            self.join()
            return
        self.around.told(self, "is refused", code.name)
        self._lose_everything()
        if code is ErrorCode.FENCED_INSTANCE_ID:
            self.is_alive = False
            return
        if code is not ErrorCode.ILLEGAL_GENERATION:
            self.member_id = ""
        if code in (ErrorCode.ILLEGAL_GENERATION, ErrorCode.UNKNOWN_MEMBER_ID):
            self._ask_to_join()
        else:
            self.later(RETRY_MS, self._ask_to_join)

    def _lose_everything(self) -> None:
        """Others may have it already: there is nothing to finish with."""
        self.next_turn()
        self._is_releasing = False
        self.epoch = NO_GENERATION
        self.revoke(frozenset(self.owned))

    def leave(self) -> None:
        """LeaveGroup: the others need not wait for its session to end. A static member just stops (G8)."""
        self._release(frozenset(self.owned), self._say_goodbye)

    def _say_goodbye(self) -> None:
        self.next_turn()
        if self.instance_id is None and self.member_id:
            members = [leave_group.MemberIdentity(member_id=self.member_id)]
            request = leave_group.LeaveGroupRequest(group_id=self.group, members=members)
            self.ask_coordinator(request, LEAVE_VERSION, lambda _: None)
        self.is_alive = False
