"""What the trace hears of groups, in plain words; each function is one sentence with the rule that makes it so.

The decisions call `tell`: the sentence is said once what was decided is in the log, and only if somebody listens.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Concatenate, ParamSpec, TypeVar

from minikafka.coordinator.shard import Result
from minikafka.trace import Trace

T = TypeVar("T")
P = ParamSpec("P")


def tell(
    trace: Trace,
    outcome: Result[T],
    sentence: Callable[Concatenate[Trace, P], None],
    *args: P.args,
    **kwargs: P.kwargs,
) -> None:
    """Say `sentence` once the outcome is in the log. Arguments are evaluated either way: pass what is at hand."""
    if trace.on:
        outcome.told.append(partial(sentence, trace, *args, **kwargs))


# The classic protocol.


def given_an_id(trace: Trace, group_id: str, member_id: str) -> None:
    why = "a newcomer joins with the id it is told, so that a lost answer leaves no ghost behind"
    trace.event("group", "G2", group=group_id, member=member_id, what="told an id", why=why)


def joined(trace: Trace, group_id: str, member_id: str, instance_id: str | None) -> None:
    trace.event("group", "G2", group=group_id, member=member_id, instance=instance_id, what="joined")


def rebalancing(trace: Trace, group_id: str, members: int, waits_ms: int, *, is_first: bool) -> None:
    why = (
        "the first rebalance of an empty group waits for more members"
        if is_first
        else "every known member must join again, or is dropped at the deadline"
    )
    trace.event(
        "group", "G3", group=group_id, members=members, waits_ms=waits_ms, what="rebalancing", why=why
    )


def generation(trace: Trace, group_id: str, number: int, protocol: str | None, leader: str | None) -> None:
    why = "the protocol has the most votes among those all support; the leader assigns"
    trace.event(
        "group", "G4", group=group_id, generation=number, protocol=protocol, leader=leader,
        what="generation", why=why,
    )  # fmt: skip


def assigned(trace: Trace, group_id: str, number: int, leader: str) -> None:
    why = "the leader's assignment goes to the log before anybody is given a part of it"
    trace.event("group", "G5", group=group_id, generation=number, leader=leader, what="assigned", why=why)


def did_not_sync(trace: Trace, group_id: str, member_ids: list[str]) -> None:
    why = "no SyncGroup within the rebalance timeout"
    trace.event("group", "G5", group=group_id, members=member_ids, what="dropped", why=why)


def did_not_rejoin(trace: Trace, group_id: str, member_ids: list[str]) -> None:
    why = "no JoinGroup within the rebalance timeout"
    trace.event("group", "G3", group=group_id, members=member_ids, what="dropped", why=why)


def told_to_rejoin(trace: Trace, group_id: str, member_id: str) -> None:
    why = "the heartbeat counts, and its answer says that a rebalance is under way"
    trace.event("group", "G6", group=group_id, member=member_id, what="told to join again", why=why)


def session_ended(trace: Trace, group_id: str, member_id: str) -> None:
    why = "no heartbeat or commit within its session timeout"
    trace.event("group", "G6", group=group_id, member=member_id, what="removed", why=why)


def taken_over(trace: Trace, group_id: str, instance_id: str | None, old: str, new: str) -> None:
    why = f"{instance_id} came back under a new member id; {old} is fenced"
    trace.event("group", "G8", group=group_id, member=new, instance=instance_id, what="taken over", why=why)


def skips_assignment(trace: Trace, group_id: str, member_id: str) -> None:
    why = "the leader came back and is told not to assign anew; the bytes it carries are the clients' affair"
    trace.event("group", "G9", group=group_id, member=member_id, what="skips assignment", why=why)


def left(trace: Trace, group_id: str, member_id: str, instance_id: str | None) -> None:
    trace.event("group", "G8", group=group_id, member=member_id, instance=instance_id, what="left")


# Offsets.


def committed(trace: Trace, group_id: str, member_id: str, offsets: list[str]) -> None:
    trace.event("offset_commit", "G7", group=group_id, member=member_id, what="committed", offsets=offsets)


def pending(trace: Trace, group_id: str, producer_id: int, offsets: list[str]) -> None:
    why = "in a transaction: they count once its marker is written here"
    trace.event(
        "offset_commit",
        "T12",
        group=group_id,
        producer_id=producer_id,
        what="pending",
        offsets=offsets,
        why=why,
    )


def settled(trace: Trace, producer_id: int, offset: int, *, is_commit: bool) -> None:
    why = (
        "its marker was written: against a plain commit the later record wins"
        if is_commit
        else "it was aborted"
    )
    trace.event(
        "offset_commit", "T12", producer_id=producer_id, marker_offset=offset,
        what="committed" if is_commit else "dropped", why=why,
    )  # fmt: skip


def expired(trace: Trace, tombstones: int) -> None:
    why = "the group is empty, or nobody reads the topic, for offsets.retention.minutes"
    trace.event("offset_commit", "G10", what="expired", tombstones=tombstones, why=why)


def deleted(trace: Trace, group_id: str, tombstones: int) -> None:
    trace.event("offset_commit", "G11", group=group_id, what="deleted", tombstones=tombstones)


# KIP-848.


def member_came(trace: Trace, group_id: str, member_id: str) -> None:
    trace.event("group", "G12", group=group_id, member=member_id, what="joined", why="member epoch 0")


def member_went(trace: Trace, group_id: str, member_id: str, *, for_now: bool) -> None:
    why = (
        "a static member leaves for now and keeps its target" if for_now else "it gives everything up at once"
    )
    trace.event("group", "G12", group=group_id, member=member_id, what="left", why=why)


def epoch_rose(trace: Trace, group_id: str, epoch: int, *, by_members: bool) -> None:
    why = "members or subscriptions changed" if by_members else "a subscribed topic changed"
    trace.event("group", "G13", group=group_id, epoch=epoch, what="group epoch", why=why)


def target_computed(trace: Trace, group_id: str, epoch: int, assignor: str) -> None:
    why = f"the {assignor} assignor has the most votes"
    trace.event("group", "G16", group=group_id, epoch=epoch, assignor=assignor, what="target", why=why)


def reconciled(
    trace: Trace, group_id: str, member_id: str, epoch: int, state: str, assigned_: int, revoking: int
) -> None:
    why = {
        "UNREVOKED": "it must give partitions up first, and keeps its epoch until it has",
        "UNRELEASED": "it is at the new epoch; others still own some of its partitions",
    }.get(state, "it has its whole target")
    trace.event(
        "group", "G14", group=group_id, member=member_id, epoch=epoch, state=state, assigned=assigned_,
        revoking=revoking, what="reconciled", why=why,
    )  # fmt: skip


def did_not_revoke(trace: Trace, group_id: str, member_id: str) -> None:
    why = "it still reports partitions it was to give up within its rebalance timeout"
    trace.event("group", "G14", group=group_id, member=member_id, what="removed", why=why)


def fell_silent(trace: Trace, group_id: str, member_id: str) -> None:
    why = "no heartbeat within the session the broker set"
    trace.event("group", "G16", group=group_id, member=member_id, what="removed", why=why)


def instance_replaced(trace: Trace, group_id: str, instance_id: str | None, old: str, new: str) -> None:
    why = f"{old} had left for now; the place and the target are the same"
    trace.event("group", "G15", group=group_id, member=new, instance=instance_id, what="taken over", why=why)


def upgraded(trace: Trace, group_id: str, epoch: int, members: Iterable[str]) -> None:
    why = "a KIP-848 member joins a classic group of consumers"
    trace.event("group", "G17", group=group_id, epoch=epoch, members=list(members), what="upgraded", why=why)


def downgraded(trace: Trace, group_id: str, number: int, members: Iterable[str]) -> None:
    why = "the last member that spoke KIP-848 is gone"
    trace.event(
        "group", "G17", group=group_id, generation=number, members=list(members), what="downgraded", why=why
    )
