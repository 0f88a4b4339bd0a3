"""How members of a KIP-848 group go: by their word (G12), by silence, or by holding on too long (G14, G16).

A member that leaves (-1) or is removed gives everything up at once, and the group epoch rises. A static member that
leaves for now (-2) keeps its target until its session ends; another process may take its place until then (G15).
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TypeVar

from minikafka.coordinator.shard import Result
from minikafka.errors import ErrorCode, Rejected
from minikafka.group.consumer import records
from minikafka.group.consumer.check import check_instance
from minikafka.group.consumer.draft import Draft
from minikafka.group.consumer.group import ConsumerGroup
from minikafka.group.consumer.member import STATIC_LEAVE_EPOCH, ConsumerMember, MemberState
from minikafka.group.consumer.requests import HeartbeatAnswer, HeartbeatRequest
from minikafka.group.groups import Groups
from minikafka.group.outcome import cancel_timer, set_timer
from minikafka.types import Now

T = TypeVar("T")


def leave(groups: Groups, request: HeartbeatRequest, now: Now) -> Result[HeartbeatAnswer]:
    """Epochs -1 and -2. Raises Rejected: GROUP_ID_NOT_FOUND [69], [25], [82]."""
    group = groups.consumer.get(request.group_id)
    if group is None:
        raise Rejected(ErrorCode.GROUP_ID_NOT_FOUND, f"no consumer group {request.group_id}")
    if request.instance_id is None:
        member = group.member(request.member_id)
    else:
        member = check_instance(group.static_member(request.instance_id), request)
    outcome: Result[HeartbeatAnswer] = Result(
        response=HeartbeatAnswer(request.member_id, request.member_epoch)
    )
    if request.member_epoch == STATIC_LEAVE_EPOCH:
        _leave_for_now(group, member, outcome)
    else:
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
    draft = Draft(group)
    draft.remove(member_id)
    draft.raise_epoch(groups.topics(), now)
    outcome.records += draft.records
    cancel_timer(outcome, _session_key(group.group_id, member_id))
    cancel_timer(outcome, _revocation_key(group.group_id, member_id))


# Timers. One may outlive what it was set for, so each looks again.


def watch_session(groups: Groups, group_id: str, member_id: str, now: Now, outcome: Result[T]) -> None:
    """The member was heard of: it has another session. Its length is the broker's to say (G16)."""
    deadline_ms = now.monotonic_ms + groups.settings.group_consumer_session_timeout_ms
    run = partial(_session_ended, groups, group_id, member_id)
    set_timer(outcome, _session_key(group_id, member_id), deadline_ms, run)


def watch_revocation(
    groups: Groups,
    group_id: str,
    known: ConsumerMember | None,
    member: ConsumerMember,
    now: Now,
    outcome: Result[T],
) -> None:
    """A member told to give partitions up has its rebalance timeout to do it. `known`: the member before."""
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
        watch_session(groups, group.group_id, member.member_id, now, outcome)
        watch_revocation(groups, group.group_id, None, member, now, outcome)


def _session_ended(groups: Groups, group_id: str, member_id: str, now: Now) -> Result[None]:
    outcome: Result[None] = Result()
    group = groups.consumer.get(group_id)
    if group is not None and member_id in group.members:
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
        remove(groups, group, member_id, now, outcome)
    return outcome


def _session_key(group_id: str, member_id: str) -> tuple[str, ...]:
    return ("consumer-session", group_id, member_id)


def _revocation_key(group_id: str, member_id: str) -> tuple[str, ...]:
    return ("consumer-revocation", group_id, member_id)
