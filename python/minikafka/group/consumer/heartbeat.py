"""ConsumerGroupHeartbeat: the one request of a KIP-848 member. It joins, reports, learns and leaves by it (G12-G16).

    who is it?  ->  what does it say of itself?  ->  did the group's world change?  ->  is there a new target?
                                                                                              |
    answer: epoch, and the assignment if it changed  <-  one step closer to the target  <----+

Nobody waits: each answer is given at once (when its records are committed), with whatever is possible by then. A
member is heard of no more for a session, or does not give partitions up within its rebalance timeout: it is removed,
and finds out by FENCED_MEMBER_EPOCH or UNKNOWN_MEMBER_ID [25] when it asks again.
"""

from __future__ import annotations

from dataclasses import replace

from minikafka.coordinator.shard import Result
from minikafka.errors import ErrorCode, Rejected
from minikafka.group import telling
from minikafka.group.classic.states import EMPTY
from minikafka.group.consumer.check import check_epoch, check_instance, check_request, is_leaving
from minikafka.group.consumer.draft import Draft
from minikafka.group.consumer.group import ConsumerGroup
from minikafka.group.consumer.leave import leave
from minikafka.group.consumer.member import JOIN_EPOCH, ConsumerMember
from minikafka.group.consumer.requests import HeartbeatAnswer, HeartbeatRequest
from minikafka.group.consumer.step import take_step
from minikafka.group.groups import Groups
from minikafka.group.migration.upgrade import upgrade
from minikafka.group.records import group_tombstone
from minikafka.group.telling import tell
from minikafka.types import Now


def heartbeat(groups: Groups, request: HeartbeatRequest, now: Now) -> Result[HeartbeatAnswer]:
    """Raises Rejected: [24], [25], [42], [69], [81], [82], [110], [111], [112], [128]; nothing changed then."""
    settings = groups.settings
    check_request(request, settings.group_consumer_assignors)
    if is_leaving(request):
        return leave(groups, request, now)
    outcome: Result[HeartbeatAnswer] = Result()
    group = _group(groups, request, now, outcome)
    _check_room(group, request, settings.group_consumer_max_size)
    known = _known(group, request)
    draft = Draft(group, groups.trace)
    _speak(groups, draft, known, request)
    member = take_step(groups, group, draft, known, request.owned, now, outcome)
    if known is None:
        tell(groups.trace, outcome, telling.member_came, request.group_id, member.member_id)
    elif known.member_id != member.member_id:
        tell(
            groups.trace,
            outcome,
            telling.instance_replaced,
            request.group_id,
            request.instance_id,
            known.member_id,
            member.member_id,
        )
    outcome.response = _answer(groups, known, member, request)
    return outcome


def _group(
    groups: Groups, request: HeartbeatRequest, now: Now, outcome: Result[HeartbeatAnswer]
) -> ConsumerGroup:
    """The group; a new one for a member that joins, or what becomes of the classic group of that id (G17)."""
    group = groups.consumer.get(request.group_id)
    if group is not None:
        return group
    if request.member_epoch != JOIN_EPOCH:
        raise Rejected(ErrorCode.GROUP_ID_NOT_FOUND, f"no consumer group {request.group_id}", rule="G12")
    classic = groups.get(request.group_id)
    if classic is not None and classic.state is not EMPTY:
        return upgrade(groups, classic, now, outcome)
    if classic is not None and not classic.is_simple:
        outcome.records.append(group_tombstone(request.group_id))
    return ConsumerGroup(request.group_id)


def _check_room(group: ConsumerGroup, request: HeartbeatRequest, max_size: int) -> None:
    is_back = request.instance_id is not None and group.static_member(request.instance_id) is not None
    if len(group.members) >= max_size and request.member_id not in group.members and not is_back:
        raise Rejected(
            ErrorCode.GROUP_MAX_SIZE_REACHED, f"the group has its maximum of {max_size} members", rule="G16"
        )


def _known(group: ConsumerGroup, request: HeartbeatRequest) -> ConsumerMember | None:
    """The member as it was; of a static member that came back under a new id, its predecessor; None: it is new."""
    if request.instance_id is None:
        if request.member_epoch == JOIN_EPOCH:
            return group.members.get(request.member_id)
        member = group.member(request.member_id)
        check_epoch(member, request)
        return member
    holder = group.static_member(request.instance_id)
    if request.member_epoch != JOIN_EPOCH:
        member = check_instance(holder, request)
        check_epoch(member, request)
        return member
    is_held = holder is not None and not holder.is_away and holder.classic is None
    if holder is not None and holder.member_id != request.member_id and is_held:
        why = f"{request.instance_id} is in use by {holder.member_id}, which has not left"
        raise Rejected(ErrorCode.UNRELEASED_INSTANCE_ID, why, rule="G15")
    return holder


def _speak(groups: Groups, draft: Draft, known: ConsumerMember | None, request: HeartbeatRequest) -> None:
    """What the member now says of itself goes into the draft."""
    member_id = request.member_id or groups.new_member_id(request.client_id)
    has_moved = known is not None and known.member_id != member_id
    old = known or ConsumerMember(member_id)
    member = replace(
        old,
        member_id=member_id,
        instance_id=old.instance_id if request.instance_id is None else request.instance_id,
        rack_id=old.rack_id if request.rack_id is None else request.rack_id,
        client_id=request.client_id,
        client_host=request.client_host,
        rebalance_timeout_ms=(
            old.rebalance_timeout_ms if request.rebalance_timeout_ms == -1 else request.rebalance_timeout_ms
        ),
        topics=old.topics if request.topics is None else tuple(sorted(set(request.topics))),
        regex=old.regex if request.regex is None else request.regex,
        assignor=old.assignor if request.assignor is None else request.assignor,
        classic=None,
    )
    if known is not None and has_moved:
        draft.take_over(
            known, replace(member, topics=known.topics, regex=known.regex, epoch=0, previous_epoch=-1)
        )
        member = replace(member, epoch=0, previous_epoch=-1)
    draft.put(member)


def _answer(
    groups: Groups, known: ConsumerMember | None, member: ConsumerMember, request: HeartbeatRequest
) -> HeartbeatAnswer:
    is_told = (
        request.member_epoch == JOIN_EPOCH
        or request.is_full
        or known is None
        or known.assigned.keys() != member.assigned.keys()
    )
    return HeartbeatAnswer(
        member.member_id,
        member.epoch,
        groups.pace(request.group_id).heartbeat_interval_ms,
        frozenset(member.assigned) if is_told else None,
    )
