"""Members that speak the classic protocol inside of a KIP-848 group (G17).

The same four requests, answered by the same machine that leads the others (`consumer/step.py`); only nobody waits, and
nobody leads:

| request | here |
|---|---|
| JoinGroup | one step towards the target; the generation is the member's epoch; no member is the leader |
| SyncGroup | what the member has by now, in the words of the embedded protocol |
| Heartbeat | REBALANCE_IN_PROGRESS [27] when a JoinGroup would get it further |
| LeaveGroup | out of the group |

"Get it further" means: the group is at a later epoch; or the member must give partitions up (a cooperative consumer
does that after the sync and joins again without them, an eager one owned nothing when it joined); or all it waits for
is free by now. It has its rebalance timeout to come, and again to sync.

Refused: [23] for another protocol type, for no protocol that all classic members support, and by policy `disabled`;
[81] when the group is full; [25], [82] for who is not (any more) in the group; [22] for another epoch.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from minikafka.coordinator.shard import Result
from minikafka.errors import ErrorCode, Rejected
from minikafka.group.classic.requests import (
    UNKNOWN_MEMBER_ID,
    Identity,
    JoinAnswer,
    JoinRequest,
    LeaveAnswer,
    LeavingMember,
    SyncAnswer,
    SyncRequest,
)
from minikafka.group.classic.subscription import CONSUMER_PROTOCOL_TYPE
from minikafka.group.consumer.draft import Draft
from minikafka.group.consumer.group import ConsumerGroup
from minikafka.group.consumer.leave import remove_all, synced, watch_rejoin, watch_session, watch_sync
from minikafka.group.consumer.member import ClassicSide, ConsumerMember, MemberState
from minikafka.group.consumer.step import take_step
from minikafka.group.groups import Groups
from minikafka.group.migration import downgrade
from minikafka.group.migration.embedded import Malformed, Subscription, read_subscription, write_assignment
from minikafka.group.migration.policy import DISABLED, to_rows, to_slots
from minikafka.types import Now


def join(groups: Groups, group: ConsumerGroup, request: JoinRequest, now: Now) -> Result[JoinAnswer]:
    """A step, answered when it is committed. Raises Rejected: [23], [25], [81], [82]."""
    _check_join(groups, group, request)
    is_newcomer = request.member_id == UNKNOWN_MEMBER_ID
    member_id = request.member_id or groups.new_member_id(request.instance_id or request.client_id)
    if is_newcomer and request.instance_id is None and request.requires_known_member_id:
        return Result(response=JoinAnswer(ErrorCode.MEMBER_ID_REQUIRED, member_id))
    outcome: Result[JoinAnswer] = Result()
    known = _known(group, request)
    said = _subscription(request)
    spoken = _spoken(known or ConsumerMember(member_id), member_id, request, said)
    if (
        known is not None
        and known.member_id != member_id
        and downgrade.is_due(groups, group, {known.member_id}, 1)
    ):
        classic = downgrade.downgrade(groups, group, [known.member_id], spoken, now, outcome)
        outcome.response = classic.join_answer(classic.members[member_id])
        return outcome
    draft = Draft(group, groups.trace)
    if known is not None and known.member_id != member_id:
        spoken = replace(spoken, epoch=0, previous_epoch=-1)
        draft.take_over(known, replace(spoken, topics=known.topics, regex=known.regex))
    draft.put(spoken)
    owned = to_slots(said.owned, groups.topics())
    member = take_step(groups, group, draft, known, owned, now, outcome)
    watch_sync(groups, group.group_id, member, now, outcome)
    outcome.response = JoinAnswer(
        ErrorCode.NONE, member_id, member.epoch, CONSUMER_PROTOCOL_TYPE, request.protocols[0].name
    )
    return outcome


def sync(groups: Groups, group: ConsumerGroup, request: SyncRequest, now: Now) -> Result[SyncAnswer]:
    """Raises Rejected: [22], [23], [25], [82]; answers [27] to a member that should join again first."""
    member, side = _member(group, request.identity)
    protocol = side.protocols[0]
    if request.protocol_type not in (None, CONSUMER_PROTOCOL_TYPE) or request.protocol_name not in (
        None,
        protocol.name,
    ):
        raise Rejected(
            ErrorCode.INCONSISTENT_GROUP_PROTOCOL, "the member joined with another protocol", rule="G17"
        )
    if group.epoch > member.epoch and member.state is not MemberState.UNREVOKED:
        outcome = Result(response=SyncAnswer(ErrorCode.REBALANCE_IN_PROGRESS))
        watch_rejoin(groups, group.group_id, member, now, outcome)
        return outcome
    version = read_subscription(protocol.metadata).version
    assignment = write_assignment(version, to_rows(member.assigned, groups.topics()))
    outcome = Result(response=SyncAnswer(ErrorCode.NONE, CONSUMER_PROTOCOL_TYPE, protocol.name, assignment))
    synced(group.group_id, member.member_id, outcome)
    watch_session(groups, group.group_id, member, now, outcome)
    return outcome


def heartbeat(groups: Groups, group: ConsumerGroup, identity: Identity, now: Now) -> Result[ErrorCode]:
    """NONE or [27]; the session is renewed either way. Raises Rejected: [22], [25], [82]."""
    member, _ = _member(group, identity)
    outcome = Result(response=ErrorCode.NONE)
    watch_session(groups, group.group_id, member, now, outcome)
    if gets_further(group, member):
        outcome.response = ErrorCode.REBALANCE_IN_PROGRESS
        watch_rejoin(groups, group.group_id, member, now, outcome)
    return outcome


def gets_further(group: ConsumerGroup, member: ConsumerMember) -> bool:
    """Whether a JoinGroup would change what the member has."""
    if member.epoch < group.epoch or member.state is MemberState.UNREVOKED:
        return True
    wanted = group.target.get(member.member_id, frozenset()) - member.assigned.keys()
    return member.state is MemberState.UNRELEASED and all(group.owner(slot) is None for slot in wanted)


def leave(
    groups: Groups, group: ConsumerGroup, leaving: Sequence[LeavingMember], now: Now
) -> Result[list[LeaveAnswer]]:
    """An answer per member named, in order. An administrator may name members of either protocol."""
    outcome: Result[list[LeaveAnswer]] = Result()
    going: dict[str, None] = {}
    answers = []
    for each in leaving:
        try:
            going[_named(group, each).member_id] = None
            answers.append(LeaveAnswer(each.member_id, each.instance_id, ErrorCode.NONE))
        except Rejected as refusal:
            answers.append(LeaveAnswer(each.member_id, each.instance_id, refusal.code))
    remove_all(groups, group, list(going), now, outcome)
    outcome.response = answers
    return outcome


def _check_join(groups: Groups, group: ConsumerGroup, request: JoinRequest) -> None:
    settings = groups.settings
    if settings.group_consumer_migration_policy == DISABLED:
        raise Rejected(ErrorCode.INCONSISTENT_GROUP_PROTOCOL, "the group migration is disabled", rule="G17")
    is_known = request.member_id in group.members or request.instance_id in group.static_members
    if len(group.members) >= settings.group_consumer_max_size and not is_known:
        raise Rejected(ErrorCode.GROUP_MAX_SIZE_REACHED, "the group has its maximum of members", rule="G17")
    sides = [member.classic for member in group.members.values() if member.classic is not None]
    supported = [{protocol.name for protocol in side.protocols} for side in sides]
    if request.protocol_type != CONSUMER_PROTOCOL_TYPE or not any(
        all(protocol.name in names for names in supported) for protocol in request.protocols
    ):
        why = f"type {request.protocol_type!r} with {[each.name for each in request.protocols]} does not fit"
        raise Rejected(ErrorCode.INCONSISTENT_GROUP_PROTOCOL, why, rule="G17")


def _known(group: ConsumerGroup, request: JoinRequest) -> ConsumerMember | None:
    """The member as it was; of a static one that comes back, its predecessor; None: it is new."""
    if request.instance_id is None:
        return group.members.get(request.member_id)
    holder = group.static_member(request.instance_id)
    if request.member_id != UNKNOWN_MEMBER_ID:
        return _checked_holder(holder, request.instance_id, request.member_id)
    return holder


def _checked_holder(holder: ConsumerMember | None, instance_id: str, member_id: str) -> ConsumerMember:
    if holder is None:
        raise Rejected(
            ErrorCode.UNKNOWN_MEMBER_ID, f"no member has the instance id {instance_id}", rule="G17"
        )
    if holder.member_id != member_id:
        raise Rejected(
            ErrorCode.FENCED_INSTANCE_ID, f"{instance_id} was taken over by {holder.member_id}", rule="G17"
        )
    return holder


def _member(group: ConsumerGroup, identity: Identity) -> tuple[ConsumerMember, ClassicSide]:
    """The classic member who asks, at the generation it names."""
    if identity.instance_id is None:
        member = group.member(identity.member_id)
    else:
        holder = group.static_member(identity.instance_id)
        member = _checked_holder(holder, identity.instance_id, identity.member_id)
    if member.classic is None:
        raise Rejected(
            ErrorCode.UNKNOWN_MEMBER_ID, "the member does not use the classic protocol", rule="G17"
        )
    if member.epoch != identity.generation_id:
        why = f"generation {identity.generation_id}, the member is at epoch {member.epoch}"
        raise Rejected(ErrorCode.ILLEGAL_GENERATION, why, rule="G17")
    return member, member.classic


def _named(group: ConsumerGroup, leaving: LeavingMember) -> ConsumerMember:
    if leaving.instance_id is None:
        return group.member(leaving.member_id)
    holder = group.static_member(leaving.instance_id)
    if holder is not None and leaving.member_id == UNKNOWN_MEMBER_ID:
        return holder
    return _checked_holder(holder, leaving.instance_id, leaving.member_id)


def _subscription(request: JoinRequest) -> Subscription:
    try:
        return read_subscription(request.protocols[0].metadata)
    except Malformed as error:
        raise Rejected(
            ErrorCode.UNKNOWN_SERVER_ERROR, f"the subscription cannot be read: {error}", rule="G17"
        ) from error


def _spoken(old: ConsumerMember, member_id: str, request: JoinRequest, said: Subscription) -> ConsumerMember:
    return replace(
        old,
        member_id=member_id,
        instance_id=request.instance_id,
        rack_id=old.rack_id if said.rack_id is None else said.rack_id,
        client_id=request.client_id,
        client_host=request.client_host,
        rebalance_timeout_ms=request.rebalance_timeout_ms,
        topics=tuple(sorted(set(said.topics))),
        regex="",
        classic=ClassicSide(request.session_timeout_ms, request.protocols),
    )
