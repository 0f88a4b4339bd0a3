"""JoinGroup: asking to be in the next generation (G2, G4).

Who asks, and what happens:
- *A newcomer* (no member id). From v4 on it is first told an id, MEMBER_ID_REQUIRED [79], and joins with it: a client
  that loses the answer and asks again must not leave a ghost behind that holds every rebalance up (KIP-394). Until
  then its id is *pending*; rebalances wait for pending ids, until their session timeout.
- *A static newcomer* (an instance id, no member id) joins at once, or takes its old place over (`static.py`, G8).
- *A known member*. In a rebalance it joins it. In Stable, a follower with unchanged metadata only hears the current
  generation again; the leader, or anyone with new metadata, starts a rebalance: that is how a leader reacts to new
  partitions, and why a follower's lost answer does not disturb the group (G4).

Refused without effect: INVALID_GROUP_ID [24], INVALID_SESSION_TIMEOUT [26], UNKNOWN_MEMBER_ID [25] for an id nobody
gave out, INCONSISTENT_GROUP_PROTOCOL [23] when it shares no protocol with the others.
"""

from __future__ import annotations

from typing import Final

from minikafka.config import BrokerSettings
from minikafka.coordinator.shard import Result
from minikafka.errors import ErrorCode, Rejected
from minikafka.group import telling
from minikafka.group.classic.group import ClassicGroup
from minikafka.group.classic.member import Member
from minikafka.group.classic.rebalance import (
    park_join,
    rebalance_or_complete,
    remove_member,
    renew_session,
    watch_session,
)
from minikafka.group.classic.requests import UNKNOWN_MEMBER_ID, Identity, JoinAnswer, JoinRequest
from minikafka.group.classic.states import COMPLETING_REBALANCE, DEAD, EMPTY, PREPARING_REBALANCE, STABLE
from minikafka.group.classic.static import take_over
from minikafka.group.consumer.records import group_tombstones
from minikafka.group.groups import Groups
from minikafka.group.migration import classic_members
from minikafka.group.outcome import Reply
from minikafka.group.records import new_group_record
from minikafka.group.telling import tell
from minikafka.types import Now

NEW_MEMBER_JOIN_TIMEOUT_MS: Final = 5 * 60 * 1000
"""How long a member that has not heard its id yet may stay parked. Fixed in Kafka as well."""


def join(groups: Groups, request: JoinRequest, reply: Reply[JoinAnswer], now: Now) -> Result[JoinAnswer]:
    """Answer at once (`response`), or keep `reply` until the rebalance completes."""
    _check(groups.settings, request)
    consumer_group = groups.consumer.get(request.group_id)
    if consumer_group is not None and consumer_group.members:
        return classic_members.join(groups, consumer_group, request, now)
    outcome: Result[JoinAnswer] = Result()
    group = groups.get(request.group_id)
    if group is None:
        if request.member_id != UNKNOWN_MEMBER_ID:
            raise Rejected(ErrorCode.UNKNOWN_MEMBER_ID, f"no group {request.group_id}", rule="G2")
        if consumer_group is not None:
            # Empty: it makes way, and its offsets stay (G17).
            outcome.records += group_tombstones(request.group_id)
        # It exists once its first record does (Groups.forming), so a refused write leaves nothing behind.
        group = ClassicGroup(request.group_id, now.wall_ms)
        _check_protocols(group, request)
        groups.forming[request.group_id] = group
        outcome.records.append(new_group_record(group))
    if not _has_room(groups.settings, group, request.member_id):
        outcome.response = _turned_away(groups, group, request, outcome)
        return outcome
    _check_protocols(group, request)
    if request.member_id != UNKNOWN_MEMBER_ID:
        _join_again(groups, group, request, reply, now, outcome)
    elif request.instance_id is not None:
        _join_static(groups, group, request, reply, now, outcome)
    else:
        _join_new(groups, group, request, reply, now, outcome)
    return outcome


def _join_new(
    groups: Groups,
    group: ClassicGroup,
    request: JoinRequest,
    reply: Reply[JoinAnswer],
    now: Now,
    outcome: Result[JoinAnswer],
) -> None:
    member_id = groups.new_member_id(request.client_id)
    if request.requires_known_member_id:
        group.pending_members[member_id] = None
        watch_session(groups, group, member_id, request.session_timeout_ms, now, outcome)
        outcome.response = JoinAnswer(ErrorCode.MEMBER_ID_REQUIRED, member_id)
        tell(groups.trace, outcome, telling.given_an_id, group.group_id, member_id)
    else:
        _add(groups, group, request, member_id, reply, now, outcome)


def _join_static(
    groups: Groups,
    group: ClassicGroup,
    request: JoinRequest,
    reply: Reply[JoinAnswer],
    now: Now,
    outcome: Result[JoinAnswer],
) -> None:
    assert request.instance_id is not None
    member_id = groups.new_member_id(request.instance_id)
    if request.instance_id in group.static_members:
        take_over(groups, group, request, member_id, reply, now, outcome)
    else:
        _add(groups, group, request, member_id, reply, now, outcome)


def _join_again(
    groups: Groups,
    group: ClassicGroup,
    request: JoinRequest,
    reply: Reply[JoinAnswer],
    now: Now,
    outcome: Result[JoinAnswer],
) -> None:
    if request.member_id in group.pending_members:
        _add(groups, group, request, request.member_id, reply, now, outcome)
        return
    member = group.check_member(Identity(request.group_id, request.member_id, request.instance_id))
    if group.state is EMPTY:
        raise Rejected(ErrorCode.UNKNOWN_MEMBER_ID, "the group is empty", rule="G2")
    is_unchanged = member.protocols == request.protocols
    is_leader = member.member_id == group.leader_id
    if is_unchanged and (group.state is COMPLETING_REBALANCE or (group.state is STABLE and not is_leader)):
        # It may only have missed the answer.
        outcome.response = group.join_answer(member)
        return
    member.protocols = request.protocols
    member.session_timeout_ms = request.session_timeout_ms
    member.rebalance_timeout_ms = request.rebalance_timeout_ms
    park_join(groups, member, reply, outcome)
    rebalance_or_complete(groups, group, now, outcome)


def _add(
    groups: Groups,
    group: ClassicGroup,
    request: JoinRequest,
    member_id: str,
    reply: Reply[JoinAnswer],
    now: Now,
    outcome: Result[JoinAnswer],
) -> None:
    member = Member.joining(request, member_id)
    member.is_new = True
    member.join_reply = reply
    group.add(member, request.protocol_type)
    tell(groups.trace, outcome, telling.joined, group.group_id, member_id, request.instance_id)
    if group.state is PREPARING_REBALANCE and group.previous_state is EMPTY:
        group.new_member_joined = True
    # A newcomer cannot heartbeat before it is answered, so its own session timeout does not apply yet.
    renew_session(groups, group, member, now, outcome, NEW_MEMBER_JOIN_TIMEOUT_MS)
    rebalance_or_complete(groups, group, now, outcome)


def _check(settings: BrokerSettings, request: JoinRequest) -> None:
    if not request.group_id:
        raise Rejected(ErrorCode.INVALID_GROUP_ID, "the group id is empty", rule="G2")
    shortest_ms, longest_ms = settings.group_min_session_timeout_ms, settings.group_max_session_timeout_ms
    if not shortest_ms <= request.session_timeout_ms <= longest_ms:
        why = f"session timeout {request.session_timeout_ms} ms is not in {shortest_ms}..{longest_ms} ms"
        raise Rejected(ErrorCode.INVALID_SESSION_TIMEOUT, why, rule="G2")


def _check_protocols(group: ClassicGroup, request: JoinRequest) -> None:
    if group.state is DEAD:
        raise Rejected(ErrorCode.COORDINATOR_NOT_AVAILABLE, "the group is gone", rule="G2")
    if not group.supports(request.protocol_type, request.protocols):
        why = f"type {request.protocol_type!r} with {[protocol.name for protocol in request.protocols]} does not fit"
        raise Rejected(ErrorCode.INCONSISTENT_GROUP_PROTOCOL, why, rule="G2")


def _has_room(settings: BrokerSettings, group: ClassicGroup, member_id: str) -> bool:
    """While preparing, only those already waiting count: whoever comes back last is the one too many."""
    if group.state is EMPTY or group.state is DEAD:
        return True
    member = group.members.get(member_id)
    if group.state is PREPARING_REBALANCE:
        waiting = sum(other.is_awaiting_join for other in group.members.values())
        return (member is not None and member.is_awaiting_join) or waiting < settings.group_max_size
    return member is not None or len(group.members) < settings.group_max_size


def _turned_away(
    groups: Groups, group: ClassicGroup, request: JoinRequest, outcome: Result[JoinAnswer]
) -> JoinAnswer:
    if request.member_id != UNKNOWN_MEMBER_ID:
        remove_member(groups, group, request.member_id, outcome)
    return JoinAnswer(ErrorCode.GROUP_MAX_SIZE_REACHED, UNKNOWN_MEMBER_ID)
