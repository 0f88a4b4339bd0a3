"""How a classic group gets from one generation to the next (G3, G4), and how it loses members on the way.

1. *Prepare*: something changed (a join, a leave, a lost session). Members waiting for an assignment are sent back to
   join; the others learn from their next heartbeat, REBALANCE_IN_PROGRESS [27].
2. *Join*: JoinGroups are parked until every known member has come, or the longest rebalance timeout has passed; then
   those missing are dropped, all but static members, whose place is kept until their session ends (G8). The very
   first rebalance of an empty group waits `group.initial.rebalance.delay.ms` instead, as nobody knows how many will
   come; each newcomer extends it, up to the rebalance timeout (G3).
3. *Complete*: generation + 1, all parked JoinGroups are answered, and the clock for SyncGroup starts (G5).

Three kinds of timer drive this: one per group for joining, one per group for syncing, one per member for its session.
A member's session ends `session_timeout_ms` after its last sign of life *arrived*.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TypeVar

from minikafka.coordinator.shard import Result
from minikafka.errors import ErrorCode
from minikafka.group import telling
from minikafka.group.classic.group import ClassicGroup
from minikafka.group.classic.member import Member
from minikafka.group.classic.requests import UNKNOWN_MEMBER_ID, JoinAnswer, SyncAnswer
from minikafka.group.classic.states import COMPLETING_REBALANCE, DEAD, EMPTY, PREPARING_REBALANCE, STABLE
from minikafka.group.groups import Groups
from minikafka.group.outcome import Reply, cancel_timer, set_timer
from minikafka.group.records import group_metadata_record
from minikafka.group.telling import tell
from minikafka.types import Now

T = TypeVar("T")


def rebalance_or_complete(groups: Groups, group: ClassicGroup, now: Now, outcome: Result[T]) -> None:
    """Membership or metadata changed: start a rebalance, or move the one under way along."""
    if group.can_rebalance:
        prepare_rebalance(groups, group, now, outcome)
    else:
        complete_join_if_all_came(groups, group, now, outcome)


def prepare_rebalance(groups: Groups, group: ClassicGroup, now: Now, outcome: Result[T]) -> None:
    """Step 1, and step 2's clock."""
    _send_waiting_syncs_back(groups, group, now, outcome)
    group.pending_sync_members = {}
    cancel_timer(outcome, _sync_key(group.group_id))
    is_initial = group.state is EMPTY
    group.transition_to(PREPARING_REBALANCE, now.wall_ms)
    if is_initial:
        group.new_member_joined = False
        delay_ms = groups.settings.group_initial_rebalance_delay_ms
        tell(
            groups.trace,
            outcome,
            telling.rebalancing,
            group.group_id,
            len(group.members),
            delay_ms,
            is_first=True,
        )
        _set_initial_delay(
            groups, group, delay_ms, max(group.rebalance_timeout_ms - delay_ms, 0), now, outcome
        )
    elif group.has_all_members_joined:
        complete_join(groups, group, now, outcome)
    else:
        waits_ms = group.rebalance_timeout_ms
        tell(
            groups.trace,
            outcome,
            telling.rebalancing,
            group.group_id,
            len(group.members),
            waits_ms,
            is_first=False,
        )
        _set_join_deadline(groups, group, now, outcome)


def complete_join_if_all_came(groups: Groups, group: ClassicGroup, now: Now, outcome: Result[T]) -> None:
    """Step 2 ends early when nobody is missing; the initial delay runs its course."""
    is_initial = group.previous_state is EMPTY
    if group.state is PREPARING_REBALANCE and not is_initial and group.has_all_members_joined:
        complete_join(groups, group, now, outcome)


def complete_join(groups: Groups, group: ClassicGroup, now: Now, outcome: Result[T]) -> None:
    """Step 3: the generation is whoever has come."""
    assert group.state is PREPARING_REBALANCE
    cancel_timer(outcome, _join_key(group.group_id))
    missing = [
        member.member_id
        for member in group.members.values()
        if not member.is_awaiting_join and member.instance_id is None
    ]
    for member_id in missing:
        remove_member(groups, group, member_id, outcome)
    if missing:
        tell(groups.trace, outcome, telling.did_not_rejoin, group.group_id, missing)
    if not group.elect_joined_leader() and group.members:
        # Only static members are left and none came: their sessions decide how long the group waits for them.
        _set_join_deadline(groups, group, now, outcome)
        return
    group.begin_next_generation(now.wall_ms)
    tell(
        groups.trace,
        outcome,
        telling.generation,
        group.group_id,
        group.generation_id,
        group.protocol_name,
        group.leader_id,
    )
    if not group.members:
        outcome.records.append(group_metadata_record(group, {}))
        return
    for member in group.members.values():
        _answer_join(groups, member, group.join_answer(member), outcome)
        renew_session(groups, group, member, now, outcome)
        member.is_new = False
        group.pending_sync_members[member.member_id] = None
    deadline_ms = now.monotonic_ms + group.rebalance_timeout_ms
    run = partial(_sync_deadline_passed, groups, group.group_id, group.generation_id)
    set_timer(outcome, _sync_key(group.group_id), deadline_ms, run)


def note_synced(group: ClassicGroup, member: Member, outcome: Result[T]) -> None:
    """A member of this generation sent its SyncGroup; the last one stops the clock."""
    group.pending_sync_members.pop(member.member_id, None)
    if not group.pending_sync_members:
        cancel_timer(outcome, _sync_key(group.group_id))


# Members come and go.


def renew_session(
    groups: Groups,
    group: ClassicGroup,
    member: Member,
    now: Now,
    outcome: Result[T],
    timeout_ms: int | None = None,
) -> None:
    """A sign of life: the member's session ends `timeout_ms` (its own session timeout by default) from now."""
    watch_session(groups, group, member.member_id, timeout_ms or member.session_timeout_ms, now, outcome)


def watch_session(
    groups: Groups, group: ClassicGroup, member_id: str, timeout_ms: int, now: Now, outcome: Result[T]
) -> None:
    """Lose the member, or the member to be, of this id unless it is heard of within `timeout_ms`."""
    run = partial(_session_ended, groups, group.group_id, member_id)
    set_timer(outcome, _session_key(group.group_id, member_id), now.monotonic_ms + timeout_ms, run)


def rebalance_timers(group: ClassicGroup, is_meant: Callable[[str], bool]) -> list[tuple[str, ...]]:
    """Keys of what is timed of those members that are meant, and of those that are on their way in."""
    meant = [member_id for member_id in (*group.members, *group.pending_members) if is_meant(member_id)]
    keys = [_session_key(group.group_id, member_id) for member_id in meant]
    if meant:
        keys.append(_sync_key(group.group_id))
        if group.previous_state is not EMPTY:
            keys.append(_join_key(group.group_id))
    return keys


def remove_member(groups: Groups, group: ClassicGroup, member_id: str, outcome: Result[T]) -> None:
    """Forget a member or a pending id. A parked JoinGroup of its hears UNKNOWN_MEMBER_ID [25]: join anew if alive.

    The caller goes on with `rebalance_or_complete`.
    """
    member = group.members.get(member_id)
    if member is not None:
        _answer_join(groups, member, JoinAnswer(ErrorCode.UNKNOWN_MEMBER_ID, UNKNOWN_MEMBER_ID), outcome)
        _answer_sync(groups, member, SyncAnswer(ErrorCode.UNKNOWN_MEMBER_ID), outcome)
    group.remove(member_id)
    cancel_timer(outcome, _session_key(group.group_id, member_id))


def fence_parked_requests(groups: Groups, member: Member, outcome: Result[T]) -> None:
    """Another client took over this static member's instance id: whoever waits under the old id hears [82] (G8)."""
    _answer_join(groups, member, JoinAnswer(ErrorCode.FENCED_INSTANCE_ID, member.member_id), outcome)
    _answer_sync(groups, member, SyncAnswer(ErrorCode.FENCED_INSTANCE_ID), outcome)


def park_join(groups: Groups, member: Member, reply: Reply[JoinAnswer], outcome: Result[T]) -> None:
    """Keep the member's JoinGroup until the rebalance completes. One that it sent before and gave up on hears
    REBALANCE_IN_PROGRESS [27]; Kafka forgets it, and its connection waits for ever.
    """
    _answer_join(groups, member, JoinAnswer(ErrorCode.REBALANCE_IN_PROGRESS, member.member_id), outcome)
    member.join_reply = reply


def park_sync(groups: Groups, member: Member, reply: Reply[SyncAnswer], outcome: Result[T]) -> None:
    """Keep the member's SyncGroup until the leader's assignment is committed; as for `park_join`."""
    _answer_sync(groups, member, SyncAnswer(ErrorCode.REBALANCE_IN_PROGRESS), outcome)
    member.sync_reply = reply


def _answer_sync(groups: Groups, member: Member, told: SyncAnswer, outcome: Result[T]) -> None:
    reply, member.sync_reply = member.sync_reply, None
    if reply is not None:
        groups.answer(outcome, reply, told, SyncAnswer(ErrorCode.NOT_COORDINATOR))


def _answer_join(groups: Groups, member: Member, told: JoinAnswer, outcome: Result[T]) -> None:
    reply, member.join_reply = member.join_reply, None
    if reply is not None:
        groups.answer(outcome, reply, told, JoinAnswer(ErrorCode.NOT_COORDINATOR, member.member_id))


def _send_waiting_syncs_back(groups: Groups, group: ClassicGroup, now: Now, outcome: Result[T]) -> None:
    """Whoever waited for the leader's assignment must join again, and has a whole session to do so."""
    for member in group.members.values():
        if member.sync_reply is not None:
            renew_session(groups, group, member, now, outcome)
        if group.state is COMPLETING_REBALANCE:
            member.assignment = b""
        _answer_sync(groups, member, SyncAnswer(ErrorCode.REBALANCE_IN_PROGRESS), outcome)


# When a timer is due. A timer may outlive what it was set for, so each looks again.


def _initial_delay_passed(
    groups: Groups, group_id: str, delay_ms: int, remaining_ms: int, now: Now
) -> Result[None]:
    outcome: Result[None] = Result()
    group = groups.get(group_id)
    if group is None or group.state is not PREPARING_REBALANCE:
        return outcome
    if group.new_member_joined and remaining_ms:
        group.new_member_joined = False
        next_delay_ms = min(groups.settings.group_initial_rebalance_delay_ms, remaining_ms)
        _set_initial_delay(groups, group, next_delay_ms, max(remaining_ms - delay_ms, 0), now, outcome)
    else:
        complete_join(groups, group, now, outcome)
    return outcome


def _join_deadline_passed(groups: Groups, group_id: str, now: Now) -> Result[None]:
    outcome: Result[None] = Result()
    group = groups.get(group_id)
    if group is not None and group.state is PREPARING_REBALANCE:
        complete_join(groups, group, now, outcome)
    return outcome


def _sync_deadline_passed(groups: Groups, group_id: str, generation_id: int, now: Now) -> Result[None]:
    outcome: Result[None] = Result()
    group = groups.get(group_id)
    if (
        group is None
        or group.generation_id != generation_id
        or group.state not in (COMPLETING_REBALANCE, STABLE)
    ):
        return outcome
    missing = list(group.pending_sync_members)
    for member_id in missing:
        remove_member(groups, group, member_id, outcome)
    if missing:
        tell(groups.trace, outcome, telling.did_not_sync, group_id, missing)
        prepare_rebalance(groups, group, now, outcome)
    return outcome


def _session_ended(groups: Groups, group_id: str, member_id: str, now: Now) -> Result[None]:
    outcome: Result[None] = Result()
    group = groups.get(group_id)
    if group is None or group.state is DEAD:
        return outcome
    member = group.members.get(member_id)
    is_pending = member_id in group.pending_members
    if member is not None and member.has_satisfied_heartbeat:
        renew_session(groups, group, member, now, outcome)
    elif is_pending or member is not None:
        remove_member(groups, group, member_id, outcome)
        tell(groups.trace, outcome, telling.session_ended, group_id, member_id)
        if not is_pending and group.can_rebalance:
            prepare_rebalance(groups, group, now, outcome)
        elif group.state is PREPARING_REBALANCE and group.has_all_members_joined:
            complete_join(groups, group, now, outcome)
    return outcome


def _set_initial_delay(
    groups: Groups, group: ClassicGroup, delay_ms: int, remaining_ms: int, now: Now, outcome: Result[T]
) -> None:
    run = partial(_initial_delay_passed, groups, group.group_id, delay_ms, remaining_ms)
    set_timer(outcome, _join_key(group.group_id), now.monotonic_ms + delay_ms, run)


def _set_join_deadline(groups: Groups, group: ClassicGroup, now: Now, outcome: Result[T]) -> None:
    run = partial(_join_deadline_passed, groups, group.group_id)
    set_timer(outcome, _join_key(group.group_id), now.monotonic_ms + group.rebalance_timeout_ms, run)


def _join_key(group_id: str) -> tuple[str, ...]:
    return ("join", group_id)


def _sync_key(group_id: str) -> tuple[str, ...]:
    return ("sync", group_id)


def _session_key(group_id: str, member_id: str) -> tuple[str, ...]:
    return ("session", group_id, member_id)
