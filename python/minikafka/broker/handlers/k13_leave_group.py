"""LeaveGroup (API 13), versions 0 to 5.

v0-v2 one member, whose error is the answer's. v3 several members, each with its own error, also by instance id alone
(G8). v4 flexible. v5 the reason, which we do not use.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from minikafka.broker import groups
from minikafka.broker.request import Request
from minikafka.errors import ErrorCode, Rejected
from minikafka.group.classic.requests import LeaveAnswer, LeavingMember
from minikafka.types import Now
from minikafka.wire.messages.leave_group import LeaveGroupRequest, LeaveGroupResponse, MemberResponse

if TYPE_CHECKING:
    from minikafka.broker.broker import Broker

MEMBERS_VERSION: Final = 3


def handle(broker: Broker, request: Request[LeaveGroupRequest], now: Now) -> None:
    """Remove the members named; the rest rebalance."""
    body = request.body
    if request.api_version >= MEMBERS_VERSION:
        leaving = [LeavingMember(member.member_id, member.group_instance_id) for member in body.members]
    else:
        leaving = [LeavingMember(body.member_id, None)]

    def reject(refusal: Rejected, _: Now) -> None:
        if refusal.code is ErrorCode.UNKNOWN_MEMBER_ID:
            # No such group, so none of its members.
            _reply(request, [LeaveAnswer(*member, refusal.code) for member in leaving])
        else:
            request.reply(LeaveGroupResponse(error_code=int(refusal.code)))

    groups.write(
        broker,
        body.group_id,
        lambda shard, at: shard.leave(body.group_id, leaving, at),
        lambda answers, _: _reply(request, answers),
        reject,
        now,
    )


def _reply(request: Request[LeaveGroupRequest], answers: Sequence[LeaveAnswer]) -> None:
    if request.api_version < MEMBERS_VERSION:
        request.reply(LeaveGroupResponse(error_code=int(answers[0].error)))
        return
    members = [
        MemberResponse(
            member_id=answer.member_id, group_instance_id=answer.instance_id, error_code=int(answer.error)
        )
        for answer in answers
    ]
    request.reply(LeaveGroupResponse(members=members))
