"""How members of a KIP-848 group go: by their word (G12), by silence, or by holding on too long (G14, G16).

A member that leaves (-1) or is removed gives everything up at once, and the group epoch rises. A static member that
leaves for now (-2) keeps its target until its session ends; another process may take its place until then (G15).
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from functools import partial
from typing import TypeVar

from minikafka.coordinator.shard import Result
from minikafka.errors import ErrorCode, Rejected
from minikafka.group import telling
from minikafka.group.classic.rebalance import prepare_rebalance
from minikafka.group.consumer import records
from minikafka.group.consumer.check import check_instance
from minikafka.group.consumer.draft import Draft
from minikafka.group.consumer.group import ConsumerGroup
from minikafka.group.consumer.member import STATIC_LEAVE_EPOCH, ConsumerMember, MemberState
from minikafka.group.consumer.requests import HeartbeatAnswer, HeartbeatRequest
from minikafka.group.groups import Groups
from minikafka.group.migration import downgrade
from minikafka.group.outcome import cancel_timer, set_timer
from minikafka.group.telling import tell
from minikafka.types import Now

T = TypeVar("T")


def leave(groups: Groups, request: HeartbeatRequest, now: Now) -> Result[HeartbeatAnswer]:
    """Epochs -1 and -2. Raises Rejected: GROUP_ID_NOT_FOUND [69], [25], [82]."""
    group = groups.consumer.get(request.group_id)
    if group is None:
        raise Rejected(ErrorCode.GROUP_ID_NOT_FOUND, f"no consumer group {request.group_id}", rule="G12")
    if request.instance_id is None:
        member = group.member(request.member_id)
    else:
        member = check_instance(group.static_member(request.instance_id), request)
    outcome: Result[HeartbeatAnswer] = Result(
        response=HeartbeatAnswer(request.member_id, request.member_epoch)
    )
    if request.member_epoch == STATIC_LEAVE_EPOCH:
        _leave_for_now(group, member, outcome)
        tell(groups.trace, outcome, telling.member_went, group.group_id, member.member_id, for_now=True)
    else:
        tell(groups.trace, outcome, telling.member_went, group.group_id, member.member_id, for_now=False)
        remove(groups, group, member.member_id, now, outcome)
    return outcome


def _leave_for_now(group: ConsumerGroup, member: ConsumerMember, outcome: Result[T]) -> None:
    away = replace(
        member, epoch=STATIC_LEAVE_EPOCH, previous_epoch=member.epoch, state=MemberState.STABLE, revoking={}
    )
    outcome.records.append(records.current_assignment(group.group_id, away))
    cancel_timer(outcome, _revocation_key(group.group_id, member.member_id))


def remove(groups: Groups, group: ConsumerGroup, member_id: str, now: Now, outcome: Result[T]) -> None:
    """Out of the group; its partitions are free."""
    remove_all(groups, group, (member_id,), now, outcome)


def remove_all(
    groups: Groups, group: ConsumerGroup, member_ids: Collection[str], now: Now, outcome: Result[T]
) -> None:
    """Out of the group. If those were the last to speak KIP-848, the others go back to the classic protocol (G17)."""
    if not member_ids:
        return
    if downgrade.is_due(groups, group, member_ids):
        classic = downgrade.downgrade(groups, group, member_ids, None, now, outcome)
        prepare_rebalance(groups, classic, now, outcome)
    else:
        draft = Draft(group, groups.trace)
        for member_id in member_ids:
            draft.remove(member_id)
        draft.raise_epoch(groups.topics(), now)
        outcome.records += draft.records
        outcome.told += draft.told
    for member_id in member_ids:
        stop_watching(groups, group.group_id, member_id, outcome)


# Timers. One may outlive what it was set for, so each looks again.


def watch_session(
    groups: Groups, group_id: str, member: ConsumerMember, now: Now, outcome: Result[T]
) -> None:
    """The member was heard of: it has another session. Its length is the broker's to say, or the group's own
    (G16); that of a member that speaks classic, its own (G17)."""
    timeout_ms = (
        groups.pace(group_id).session_timeout_ms
        if member.classic is None
        else member.classic.session_timeout_ms
    )
    run = partial(_session_ended, groups, group_id, member.member_id)
    set_timer(outcome, _session_key(group_id, member.member_id), now.monotonic_ms + timeout_ms, run)


def watch_revocation(
    groups: Groups,
    group_id: str,
    known: ConsumerMember | None,
    member: ConsumerMember,
    now: Now,
    outcome: Result[T],
) -> None:
    """A member told to give partitions up has its rebalance timeout to do it. `known`: the member before.

    One that speaks classic is timed by its next JoinGroup instead (G17).
    """
    if member.classic is not None:
        return
    key = _revocation_key(group_id, member.member_id)
    was_revoking = known is not None and known.state is MemberState.UNREVOKED
    if member.state is not MemberState.UNREVOKED:
        if was_revoking:
            cancel_timer(outcome, key)
    elif not was_revoking or known is None or known.epoch != member.epoch:
        run = partial(_revocation_overdue, groups, group_id, member.member_id, member.epoch)
        set_timer(outcome, key, now.monotonic_ms + member.rebalance_timeout_ms, run)


def watch_everyone(groups: Groups, group: ConsumerGroup, now: Now, outcome: Result[T]) -> None:
    """A new coordinator: everyone has a whole session, and a whole rebalance timeout, from now."""
    for member in group.members.values():
        watch_session(groups, group.group_id, member, now, outcome)
        watch_revocation(groups, group.group_id, None, member, now, outcome)


def watch_rejoin(groups: Groups, group_id: str, member: ConsumerMember, now: Now, outcome: Result[T]) -> None:
    """A classic member was told to join again (G17): it has its rebalance timeout to do it, from the first time on."""
    name = (group_id, member.member_id)
    if name not in groups.rejoining:
        groups.rejoining.add(name)
        _watch(groups, _join_key(*name), member.rebalance_timeout_ms, name, now, outcome)


def watch_sync(groups: Groups, group_id: str, member: ConsumerMember, now: Now, outcome: Result[T]) -> None:
    """A classic member has joined (G17): it has its rebalance timeout to fetch its assignment."""
    name = (group_id, member.member_id)
    groups.rejoining.discard(name)
    cancel_timer(outcome, _join_key(*name))
    _watch(groups, _sync_key(*name), member.rebalance_timeout_ms, name, now, outcome)


def synced(group_id: str, member_id: str, outcome: Result[T]) -> None:
    cancel_timer(outcome, _sync_key(group_id, member_id))


def stop_watching(groups: Groups, group_id: str, member_id: str, outcome: Result[T]) -> None:
    """The member is gone."""
    groups.rejoining.discard((group_id, member_id))
    for key in member_timers(group_id, member_id):
        cancel_timer(outcome, key)


def member_timers(group_id: str, member_id: str) -> list[tuple[str, ...]]:
    """Keys of everything that is timed of a member."""
    return [key(group_id, member_id) for key in (_session_key, _revocation_key, _join_key, _sync_key)]


def _watch(
    groups: Groups, key: tuple[str, ...], timeout_ms: int, name: tuple[str, str], now: Now, outcome: Result[T]
) -> None:
    set_timer(outcome, key, now.monotonic_ms + timeout_ms, partial(_session_ended, groups, *name))


def _session_ended(groups: Groups, group_id: str, member_id: str, now: Now) -> Result[None]:
    outcome: Result[None] = Result()
    group = groups.consumer.get(group_id)
    if group is not None and member_id in group.members:
        tell(groups.trace, outcome, telling.fell_silent, group_id, member_id)
        remove(groups, group, member_id, now, outcome)
    return outcome


def _revocation_overdue(groups: Groups, group_id: str, member_id: str, epoch: int, now: Now) -> Result[None]:
    outcome: Result[None] = Result()
    group = groups.consumer.get(group_id)
    member = group.members.get(member_id) if group is not None else None
    if (
        group is not None
        and member is not None
        and member.state is MemberState.UNREVOKED
        and member.epoch == epoch
    ):
        tell(groups.trace, outcome, telling.did_not_revoke, group_id, member_id)
        remove(groups, group, member_id, now, outcome)
    return outcome


def _session_key(group_id: str, member_id: str) -> tuple[str, ...]:
    return ("consumer-session", group_id, member_id)


def _revocation_key(group_id: str, member_id: str) -> tuple[str, ...]:
    return ("consumer-revocation", group_id, member_id)


def _join_key(group_id: str, member_id: str) -> tuple[str, ...]:
    return ("consumer-join", group_id, member_id)


def _sync_key(group_id: str, member_id: str) -> tuple[str, ...]:
    return ("consumer-sync", group_id, member_id)
