"""LeaveGroup: the named members go now, instead of when their sessions end.

One request names several since v3 (KIP-345): an administrator removes static members by instance id alone. A static
member's own clean shutdown sends no LeaveGroup, which is what keeps its place (G8). Each member named has its own
answer, and one rebalance follows for all of them.
"""

from __future__ import annotations

from collections.abc import Sequence

from minikafka.coordinator.shard import Result
from minikafka.errors import ErrorCode, Rejected
from minikafka.group import telling
from minikafka.group.classic.group import ClassicGroup
from minikafka.group.classic.rebalance import rebalance_or_complete, remove_member
from minikafka.group.classic.requests import UNKNOWN_MEMBER_ID, Identity, LeaveAnswer, LeavingMember
from minikafka.group.classic.states import EMPTY
from minikafka.group.groups import Groups
from minikafka.group.telling import tell
from minikafka.types import Now


def leave(
    groups: Groups, group_id: str, leaving: Sequence[LeavingMember], now: Now
) -> Result[list[LeaveAnswer]]:
    """An answer per member named, in order. Raises Rejected: UNKNOWN_MEMBER_ID [25] when there is no such group."""
    group = groups.find(group_id, ErrorCode.UNKNOWN_MEMBER_ID)
    outcome: Result[list[LeaveAnswer]] = Result()
    answers = [_leave(groups, group, member, outcome) for member in leaving]
    outcome.response = answers
    if group.state is not EMPTY and any(answer.error == ErrorCode.NONE for answer in answers):
        rebalance_or_complete(groups, group, now, outcome)
    return outcome


def _leave(
    groups: Groups, group: ClassicGroup, leaving: LeavingMember, outcome: Result[list[LeaveAnswer]]
) -> LeaveAnswer:
    try:
        member_id = _member_named(group, leaving)
    except Rejected as refusal:
        return LeaveAnswer(leaving.member_id, leaving.instance_id, refusal.code)
    remove_member(groups, group, member_id, outcome)
    tell(groups.trace, outcome, telling.left, group.group_id, member_id, leaving.instance_id)
    return LeaveAnswer(leaving.member_id, leaving.instance_id, ErrorCode.NONE)


def _member_named(group: ClassicGroup, leaving: LeavingMember) -> str:
    if leaving.member_id == UNKNOWN_MEMBER_ID:
        member_id = group.static_members.get(leaving.instance_id or "")
        if member_id is None:
            raise Rejected(
                ErrorCode.UNKNOWN_MEMBER_ID, f"no member has the instance id {leaving.instance_id}", rule="G8"
            )
        return member_id
    if leaving.member_id in group.pending_members:
        return leaving.member_id
    return group.check_member(Identity(group.group_id, leaving.member_id, leaving.instance_id)).member_id
