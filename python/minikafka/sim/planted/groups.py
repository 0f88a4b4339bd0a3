"""Mistakes in consumer groups (G): two owners, a commit that should not count or is lost, a group that is stuck."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

from minikafka.coordinator.led_partition import LedPartition
from minikafka.coordinator.shard import CoordinatorRecord, Result
from minikafka.errors import ErrorCode
from minikafka.group import commit, forget, shard
from minikafka.group.classic import rebalance
from minikafka.group.classic.group import ClassicGroup
from minikafka.group.classic.member import Member
from minikafka.group.classic.requests import Identity
from minikafka.group.classic.sync import sync
from minikafka.group.consumer import leave, step
from minikafka.group.consumer.group import ConsumerGroup
from minikafka.group.consumer.member import ConsumerMember, Slot
from minikafka.group.consumer.reconcile import reconcile
from minikafka.group.groups import Groups
from minikafka.group.offsets import Offsets
from minikafka.group.records import group_tombstone
from minikafka.group.shard import GroupShard
from minikafka.sim.planted.bug import Bug, bug
from minikafka.types import Now, Offset

_reconcile = reconcile
_put = ConsumerGroup.put
_check_member = ClassicGroup.check_member
_begin = ClassicGroup.begin_next_generation
_sweep = forget.sweep
_sync = sync
_replay_offset = GroupShard._replay_offset  # noqa: SLF001 - mistakes are made inside
_parks = LedPartition.high_watermark_moved


def _takes_at_once(
    member: ConsumerMember,
    target_epoch: int,
    target: frozenset[Slot],
    is_free: Callable[[Slot], bool],
    reported: frozenset[Slot] | None,
) -> ConsumerMember:
    return _reconcile(member, target_epoch, target, lambda slot: True, reported)


def _believes_at_once(
    member: ConsumerMember,
    target_epoch: int,
    target: frozenset[Slot],
    is_free: Callable[[Slot], bool],
    reported: frozenset[Slot] | None,
) -> ConsumerMember:
    return _reconcile(member, target_epoch, target, is_free, frozenset())


def _owns_what_it_keeps(self: ConsumerGroup, member: ConsumerMember) -> None:
    _put(self, member)
    for slot in member.revoking:
        self._owners.pop(slot, None)


def _any_generation(group: ClassicGroup, identity: Identity, *, is_transactional: bool) -> Member | None:
    return group.members.get(identity.member_id)


def _any_epoch(
    group: ConsumerGroup, member_id: str, epoch: int, *, is_transactional: bool, knows_epochs: bool
) -> ConsumerMember | None:
    return group.members.get(member_id)


def _no_error(*_: object) -> ErrorCode:
    return ErrorCode.NONE


def _by_instance_alone(self: ClassicGroup, identity: Identity) -> Member:
    holder = self.static_members.get(identity.instance_id or "")
    return _check_member(self, identity if holder is None else identity._replace(member_id=holder))


def _does_nothing(*_: object) -> Result[None]:
    return Result()


def _keeps_generation(self: ClassicGroup, timestamp_ms: int) -> None:
    generation = self.generation_id
    _begin(self, timestamp_ms)
    self.generation_id = max(generation, 1)


def _sweeps_the_living(groups: Groups, offsets: Offsets, now: Now) -> list[CoordinatorRecord]:
    living = [group_tombstone(group.group_id) for group in groups.by_id.values() if group.members]
    return [*_sweep(groups, offsets, now), *living]


def _tells_at_once(*arguments: Any) -> Result[Any]:
    outcome = _sync(*arguments)
    for tell in outcome.after:
        tell(arguments[-1])
    outcome.after = []
    return outcome


def _only_while_serving(self: GroupShard, *arguments: Any) -> None:
    if self._is_serving:
        _replay_offset(self, *arguments)


def _counts_what_is_written(self: LedPartition[Any], high_watermark: Offset, now: Now) -> None:
    _parks(self, max(high_watermark, self.end_offset), now)


def _serves_at_once(self: GroupShard, now: Now) -> Result[None]:
    self._is_serving = True
    return Result()


GROUPS: Final[Mapping[str, Bug]] = MappingProxyType(
    {
        "given-before-it-was-given-up": bug(
            "G14",
            "a partition goes to its next owner at once, and the former one still reads it",
            (step, "reconcile", _takes_at_once),
        ),
        "given-up-without-a-report": bug(
            "G14",
            "a member told to give a partition up is taken to have done so",
            (step, "reconcile", _believes_at_once),
        ),
        "pending-revocation-owns-nothing": bug(
            "G14",
            "what is still to be given up counts as free",
            (ConsumerGroup, "put", _owns_what_it_keeps),
        ),
        "generation-not-checked-on-commit": bug(
            "G7",
            "a zombie's commit sets the group back, or ahead",
            (commit, "_check", _any_generation),
        ),
        "epoch-not-checked-on-commit": bug(
            "G16",
            "the same in a KIP-848 group",
            (commit, "committing_member", _any_epoch),
            (commit, "commit_error", _no_error),
        ),
        "old-instance-not-fenced": bug(
            "G8",
            "whoever was replaced under an instance id goes on under it",
            (ClassicGroup, "check_member", _by_instance_alone),
        ),
        "expired-member-kept-as-owner": bug(
            "G6",
            "nobody looks whether a member is still alive",
            (rebalance, "_session_ended", _does_nothing),
            (leave, "_session_ended", _does_nothing),
        ),
        "rebalance-timeout-ignored": bug(
            "G3",
            "everybody waits for who does not come",
            (rebalance, "_join_deadline_passed", _does_nothing),
        ),
        "revocation-timeout-ignored": bug(
            "G16",
            "everybody waits for who does not give up",
            (leave, "_revocation_overdue", _does_nothing),
        ),
        "generation-not-raised": bug(
            "G4",
            "a new assignment under the old generation fences nobody",
            (ClassicGroup, "begin_next_generation", _keeps_generation),
        ),
        "live-group-swept": bug(
            "G10",
            "a group that is at work is deleted",
            (forget, "sweep", _sweeps_the_living),
        ),
        "assignment-told-before-it-is-committed": bug(
            "G5",
            "followers work on what the next coordinator never heard of",
            (shard, "sync", _tells_at_once),
        ),
        "offsets-lost-at-failover": bug(
            "G1",
            "the next coordinator does not read the offsets, and groups begin anew",
            (GroupShard, "_replay_offset", _only_while_serving),
        ),
        "commit-accepted-before-it-is-replicated": bug(
            "G1",
            "an offset that was accepted is gone with its coordinator",
            (LedPartition, "high_watermark_moved", _counts_what_is_written),
        ),
        "sessions-not-watched-after-failover": bug(
            "G1",
            "who died with the coordinator is a member for ever",
            (GroupShard, "on_loaded", _serves_at_once),
        ),
    }
)
