"""Whatever members do, and whenever the coordinator moves: what was answered stays true and nobody waits for ever.

Random clients join, sync, heartbeat, commit (also in transactions), leave and fall silent, while the log stalls,
refuses and the coordinator fails over. After each step:
- every member and every pending id has a session timer, a rebalance has its clock (no group can get stuck);
- a replayed log gives the same offsets, pending offsets and, for groups at rest, the same generation and members;
- no commit that was answered is missing, and no request is left unanswered when the coordinator moves.
"""

from __future__ import annotations

from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from minikafka.errors import ErrorCode, Rejected
from minikafka.group.classic.group import ClassicGroup
from minikafka.group.classic.requests import JoinAnswer, LeavingMember, Protocol
from minikafka.group.classic.states import COMPLETING_REBALANCE, EMPTY, PREPARING_REBALANCE, STABLE
from minikafka.types import TopicPartition

from tests.unit.group.kit import GROUP, SESSION_MS, Heard, World, subscription

INSTANCES = st.sampled_from([None, None, "i1", "i2"])
PROTOCOLS = st.sampled_from(
    [
        (Protocol("a", subscription("orders")), Protocol("b", b"")),
        (Protocol("b", subscription("orders", "payments")),),
        (Protocol("b", b"?"), Protocol("a", subscription())),
    ]
)
PARTITIONS = st.sampled_from([TopicPartition("orders", 0), TopicPartition("payments", 1)])
PICK = st.integers(0, 7)


class Groups(RuleBasedStateMachine):
    """One coordinator partition under random clients."""

    def __init__(self) -> None:
        super().__init__()
        self.world = World()
        self.heard: list[Heard[Any]] = []
        self.joined: list[JoinAnswer] = []
        self.instances: dict[str, str | None] = {}
        self.commits: list[tuple[TopicPartition, int, Heard[ErrorCode]]] = []
        self.offset = 0

    def known(self, pick: int) -> JoinAnswer | None:
        """Some member the clients believe in."""
        for heard in self.heard:
            for answer in heard:
                if (
                    isinstance(answer, JoinAnswer)
                    and answer.error == ErrorCode.NONE
                    and answer not in self.joined
                ):
                    self.joined.append(answer)
        return self.joined[-1 - pick % len(self.joined)] if self.joined else None

    @rule(instance=INSTANCES, protocols=PROTOCOLS, version=st.sampled_from([3, 5, 9]))
    def newcomer(self, instance: str | None, protocols: tuple[Protocol, ...], version: int) -> None:
        heard = self.world.join(instance_id=instance, protocols=protocols, version=version)
        self.heard.append(heard)
        if heard and heard.only.error == ErrorCode.MEMBER_ID_REQUIRED:
            self.heard.append(self.world.join(heard.only.member_id, protocols=protocols, version=version))

    @rule(pick=PICK, protocols=PROTOCOLS)
    def rejoin(self, pick: int, protocols: tuple[Protocol, ...]) -> None:
        member = self.known(pick)
        if member is not None:
            self.heard.append(self.world.join(member.member_id, protocols=protocols))

    @rule(pick=PICK)
    def sync(self, pick: int) -> None:
        member = self.known(pick)
        if member is not None:
            plan = {each.member_id: b"plan" for each in member.members}
            self.heard.append(self.world.sync(member, plan))

    @rule(pick=PICK)
    def heartbeat(self, pick: int) -> None:
        member = self.known(pick)
        if member is not None and not self.world.log.holds:
            self.world.heartbeat(member.member_id, member.generation_id)

    @rule(pick=PICK, partition=PARTITIONS, producer_id=st.sampled_from([None, 1, 2]))
    def commit(self, pick: int, partition: TopicPartition, producer_id: int | None) -> None:
        member = self.known(pick)
        self.offset += 1
        member_id, generation_id = ("", -1) if member is None else (member.member_id, member.generation_id)
        heard = self.world.commit(
            self.offset, member_id, generation_id, partition=partition, producer_id=producer_id
        )
        self.heard.append(heard)
        if producer_id is None:
            self.commits.append((partition, self.offset, heard))

    @rule(producer_id=st.sampled_from([1, 2]), committed=st.booleans())
    def end_transaction(self, producer_id: int, *, committed: bool) -> None:
        self.world.end_transaction(producer_id, committed=committed)

    @rule(pick=PICK)
    def leave(self, pick: int) -> None:
        member = self.known(pick)
        if member is not None and not self.world.log.holds:
            self.world.leave(LeavingMember(member.member_id, None))

    @rule()
    def everyone_agrees(self) -> None:
        """The quiet case: all members rejoin and sync, so that groups at rest are met often enough."""
        group = self.group()
        if group is None or not group.members or self.world.log.refusal is not None:
            return
        self.world.replicate()
        rejoined = [
            self.world.join(each.member_id, protocols=each.protocols) for each in list(group.members.values())
        ]
        self.world.advance()
        self.heard += rejoined
        for heard in rejoined:
            if heard and heard.only.error == ErrorCode.NONE:
                plan = {each.member_id: each.member_id.encode() for each in heard.only.members}
                self.heard.append(self.world.sync(heard.only, plan))

    @rule(ms=st.sampled_from([0, 1, SESSION_MS // 2, SESSION_MS, 60_000]))
    def time_passes(self, ms: int) -> None:
        self.world.advance(ms)

    @rule()
    def log_stalls(self) -> None:
        self.world.log.holds = True

    @rule()
    def log_replicates(self) -> None:
        self.world.replicate()

    @rule(refuses=st.booleans())
    def log_refuses(self, *, refuses: bool) -> None:
        self.world.log.refusal = Rejected(ErrorCode.NOT_ENOUGH_REPLICAS) if refuses else None

    @precondition(lambda self: self.world.log.refusal is None)
    @rule()
    def fail_over(self) -> None:
        before = self.at_rest()
        offsets = self.offsets()
        self.world.fail_over()
        assert all(heard for heard in self.heard), "everyone was told"
        assert self.offsets() == offsets
        group = self.group()
        if before is not None:
            assert self.at_rest() == before
        assert group is None or group.state in (EMPTY, STABLE)

    def group(self) -> ClassicGroup | None:
        return self.world.shard.groups.by_id.get(GROUP)

    def offsets(self) -> tuple[object, object]:
        offsets = self.world.shard.offsets
        return offsets._committed, offsets._pending

    def at_rest(self) -> tuple[object, ...] | None:
        """What the log must know: a Stable group, member by member."""
        group = self.group()
        if group is None or group.state is not STABLE:
            return None
        members = [(each.member_id, each.instance_id, each.assignment) for each in group.members.values()]
        return group.generation_id, group.leader_id, group.protocol_name, members

    @invariant()
    def nobody_waits_for_ever(self) -> None:
        group = self.group()
        if group is None:
            return
        timers = {key[3:] for key in self.world.timers.due}
        for member_id in (*group.members, *group.pending_members):
            assert ("session", GROUP, member_id) in timers
        if group.state is PREPARING_REBALANCE:
            assert ("join", GROUP) in timers
        if group.state is COMPLETING_REBALANCE and group.pending_sync_members:
            assert ("sync", GROUP) in timers

    @invariant()
    def members_agree_with_the_state(self) -> None:
        group = self.group()
        if group is None:
            return
        assert bool(group.members) or group.state in (EMPTY, PREPARING_REBALANCE)
        assert not (group.members and group.state is EMPTY)
        assert group.members.keys().isdisjoint(group.pending_members)
        statics = {each.instance_id: each.member_id for each in group.members.values() if each.instance_id}
        assert group.static_members == statics
        assert group.leader_id is None or group.leader_id in group.members

    @invariant()
    def answered_commits_are_kept(self) -> None:
        for partition in (TopicPartition("orders", 0), TopicPartition("payments", 1)):
            answered = [
                offset for at, offset, heard in self.commits if at == partition and heard == [ErrorCode.NONE]
            ]
            if answered:
                # Offsets rise with each commit, plain or transactional, and only a later record may win.
                assert self.world.committed(partition) >= answered[-1]


Groups.TestCase.settings = settings(max_examples=120, stateful_step_count=40, deadline=None)
TestGroups = Groups.TestCase
