"""Static members: a process that restarts keeps its place (G8, KIP-345).

A static member names itself by an instance id. It does not leave when it stops; its place is kept until its session
ends. When it comes back it has no member id, is given a new one, and takes its old place over: same assignment, no
rebalance, as long as the group would still choose the same protocol. Whoever still runs under the old member id is
fenced: FENCED_INSTANCE_ID [82], so two processes never work under one name.

While a rebalance is under way there is no assignment worth keeping: taking over then means joining it. In
CompletingRebalance the leader may already be assigning partitions to the old id, so the rebalance starts over.
"""

from __future__ import annotations

from minikafka.coordinator.shard import Result
from minikafka.group import telling
from minikafka.group.classic.group import ClassicGroup
from minikafka.group.classic.member import Member
from minikafka.group.classic.rebalance import (
    fence_parked_requests,
    park_join,
    rebalance_or_complete,
    renew_session,
    watch_session,
)
from minikafka.group.classic.requests import JoinAnswer, JoinRequest
from minikafka.group.classic.states import STABLE
from minikafka.group.groups import Groups
from minikafka.group.outcome import Reply
from minikafka.group.records import renamed_member_record
from minikafka.group.telling import tell
from minikafka.types import Now


def take_over(
    groups: Groups,
    group: ClassicGroup,
    request: JoinRequest,
    new_member_id: str,
    reply: Reply[JoinAnswer],
    now: Now,
    outcome: Result[JoinAnswer],
) -> None:
    """The instance id of `request` is a member's: the asker becomes that member, under `new_member_id`."""
    member = group.members[group.static_members[request.instance_id or ""]]
    fence_parked_requests(groups, member, outcome)
    tell(
        groups.trace,
        outcome,
        telling.taken_over,
        group.group_id,
        request.instance_id,
        member.member_id,
        new_member_id,
    )
    member.protocols = request.protocols
    member.session_timeout_ms = request.session_timeout_ms
    member.rebalance_timeout_ms = request.rebalance_timeout_ms
    if group.state is STABLE and group.select_protocol() == group.protocol_name:
        # The member is renamed when the record is replayed, so the log never knows less than the group does.
        outcome.records.append(renamed_member_record(group, member, new_member_id))
        outcome.response = _answer(group, member, new_member_id, knows_skipping=request.can_skip_assignment)
        if outcome.response.skip_assignment:
            tell(groups.trace, outcome, telling.skips_assignment, group.group_id, new_member_id)
        watch_session(groups, group, new_member_id, request.session_timeout_ms, now, outcome)
        return
    group.rename_static_member(member, new_member_id)
    park_join(groups, member, reply, outcome)
    renew_session(groups, group, member, now, outcome)
    rebalance_or_complete(groups, group, now, outcome)


def _answer(group: ClassicGroup, member: Member, new_member_id: str, *, knows_skipping: bool) -> JoinAnswer:
    """The current generation, to a leader told not to assign anew. An old client cannot be told that, so it hears
    the *old* leader id and takes itself for a follower (KIP-814)."""
    was_leader = member.member_id == group.leader_id
    answer = group.join_answer(member)._replace(member_id=new_member_id, members=())
    if not was_leader or not knows_skipping:
        return answer
    everyone = tuple(
        other.as_joined(group.protocol_name)._replace(
            member_id=new_member_id if other is member else other.member_id
        )
        for other in group.members.values()
    )
    return answer._replace(leader_id=new_member_id, members=everyone, skip_assignment=True)
