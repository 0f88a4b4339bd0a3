"""SyncGroup: the leader hands in the assignment, everyone takes theirs (G5).

The leader's assignment goes to the log first and is handed out once committed, so a coordinator that takes over knows
what the members are working on. Followers' SyncGroups are parked until then. A follower that asks late, in Stable,
hears its part of the assignment; one that asks during the next rebalance is sent back, REBALANCE_IN_PROGRESS [27].
"""

from __future__ import annotations

from functools import partial

from minikafka.coordinator.shard import Result
from minikafka.errors import ErrorCode, Rejected
from minikafka.group import telling
from minikafka.group.classic.group import ClassicGroup
from minikafka.group.classic.member import Member
from minikafka.group.classic.rebalance import note_synced, park_sync, renew_session
from minikafka.group.classic.requests import SyncAnswer, SyncRequest
from minikafka.group.classic.states import DEAD, EMPTY, HEARS, STABLE
from minikafka.group.groups import Groups
from minikafka.group.outcome import Reply
from minikafka.group.records import group_metadata_record
from minikafka.group.telling import tell
from minikafka.types import Now


def sync(groups: Groups, request: SyncRequest, reply: Reply[SyncAnswer], now: Now) -> Result[SyncAnswer]:
    """Answer at once (`response`), or keep `reply` until the leader's assignment is committed."""
    group = groups.find(request.identity.group_id, ErrorCode.UNKNOWN_MEMBER_ID)
    member = _check(group, request)
    outcome: Result[SyncAnswer] = Result()
    note_synced(group, member, outcome)
    if group.state is STABLE:
        outcome.response = _part_of(group, member.assignment)
    elif member.member_id != group.leader_id:
        park_sync(groups, member, reply, outcome)
    else:
        _assign(groups, group, member, request.assignments, now, outcome)
    return outcome


def _check(group: ClassicGroup, request: SyncRequest) -> Member:
    if group.state is EMPTY or group.state is DEAD:
        raise Rejected(
            HEARS[group.state].sync or ErrorCode.NONE, f"the group is {group.state.value}", rule="G5"
        )
    member = group.check_member(request.identity)
    if request.identity.generation_id != group.generation_id:
        why = f"generation {request.identity.generation_id}, the group is at {group.generation_id}"
        raise Rejected(ErrorCode.ILLEGAL_GENERATION, why, rule="G5")
    if _differs(request.protocol_type, group.protocol_type) or _differs(
        request.protocol_name, group.protocol_name
    ):
        raise Rejected(ErrorCode.INCONSISTENT_GROUP_PROTOCOL, "the group chose another protocol", rule="G5")
    heard = HEARS[group.state].sync
    if heard is not None and heard != ErrorCode.NONE:
        raise Rejected(heard, f"the group is {group.state.value}", rule="G5")
    return member


def _assign(
    groups: Groups,
    group: ClassicGroup,
    leader: Member,
    assignments: dict[str, bytes],
    now: Now,
    outcome: Result[SyncAnswer],
) -> None:
    """Write the new generation down. Members the leader forgot get nothing to do. The record's replay makes the group
    Stable; its commit lets the waiting members know their part."""
    complete = {member_id: assignments.get(member_id, b"") for member_id in group.members}
    outcome.records.append(group_metadata_record(group, complete))
    tell(groups.trace, outcome, telling.assigned, group.group_id, group.generation_id, leader.member_id)
    outcome.response = _part_of(group, complete[leader.member_id])
    waiting = [member for member in group.members.values() if member.sync_reply is not None]
    for member in (leader, *waiting):
        # While it waited for the leader nobody expected a heartbeat; from now on it is expected again.
        renew_session(groups, group, member, now, outcome)
    for member in waiting:
        outcome.after.append(
            partial(_hand_out, member, member.sync_reply, _part_of(group, complete[member.member_id]))
        )


def _hand_out(member: Member, reply: Reply[SyncAnswer] | None, told: SyncAnswer, _: Now) -> None:
    """Unless the member heard of another rebalance, or was fenced, in the meantime."""
    if reply is not None and member.sync_reply is reply:
        member.sync_reply = None
        reply(told)


def _part_of(group: ClassicGroup, assignment: bytes) -> SyncAnswer:
    return SyncAnswer(ErrorCode.NONE, group.protocol_type, group.protocol_name, assignment)


def _differs(asked: str | None, chosen: str | None) -> bool:
    """Older versions do not say (None)."""
    return asked is not None and chosen is not None and asked != chosen
