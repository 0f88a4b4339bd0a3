"""JoinGroup (API 11), versions 0 to 9.

v0 has no rebalance timeout: the session timeout is used. v4 a newcomer must come back with the id it is given (G2).
v5 static members (G8). v6 flexible. v7 the answer names the protocol type; before, no protocol is the empty string.
v8 the reason, which we do not use. v9 a leader may be told to skip the assignment (G8, G9).

The answer may take as long as the rebalance; the connection waits with it, as in Kafka.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from minikafka.broker import groups
from minikafka.broker.request import Request
from minikafka.group.classic.requests import JoinAnswer, JoinRequest, Protocol
from minikafka.types import Now
from minikafka.wire.messages.join_group import JoinGroupRequest, JoinGroupResponse, JoinGroupResponseMember

if TYPE_CHECKING:
    from minikafka.broker.broker import Broker

REBALANCE_TIMEOUT_VERSION: Final = 1
KNOWN_MEMBER_ID_VERSION: Final = 4
NULL_PROTOCOL_VERSION: Final = 7
SKIP_ASSIGNMENT_VERSION: Final = 9


def handle(broker: Broker, request: Request[JoinGroupRequest], now: Now) -> None:
    """Ask the group's coordinator for a place in the next generation."""
    body = request.body
    joining = _join_request(request)
    broker.group_connections.heard(request, body.group_id, body.member_id)

    def reply(answer: JoinAnswer) -> None:
        # A newcomer's id is made for it.
        broker.group_connections.heard(request, body.group_id, answer.member_id)
        _reply(request, answer)

    groups.write(
        broker,
        body.group_id,
        lambda shard, at: shard.join(joining, reply, at),
        lambda answer, _: reply(answer),
        lambda refusal, _: reply(JoinAnswer(refusal.code, body.member_id)),
        now,
    )


def _join_request(request: Request[JoinGroupRequest]) -> JoinRequest:
    body = request.body
    has_rebalance_timeout = (
        request.api_version >= REBALANCE_TIMEOUT_VERSION and body.rebalance_timeout_ms != -1
    )
    return JoinRequest(
        group_id=body.group_id,
        member_id=body.member_id,
        instance_id=body.group_instance_id,
        client_id=request.client_id,
        client_host=f"/{request.client_host}",
        session_timeout_ms=body.session_timeout_ms,
        rebalance_timeout_ms=body.rebalance_timeout_ms if has_rebalance_timeout else body.session_timeout_ms,
        protocol_type=body.protocol_type,
        protocols=tuple(Protocol(each.name, bytes(each.metadata)) for each in body.protocols),
        requires_known_member_id=request.api_version >= KNOWN_MEMBER_ID_VERSION,
        can_skip_assignment=request.api_version >= SKIP_ASSIGNMENT_VERSION,
    )


def _reply(request: Request[JoinGroupRequest], answer: JoinAnswer) -> None:
    may_be_null = request.api_version >= NULL_PROTOCOL_VERSION
    members = [
        JoinGroupResponseMember(
            member_id=member.member_id, group_instance_id=member.instance_id, metadata=member.metadata
        )
        for member in answer.members
    ]
    request.reply(
        JoinGroupResponse(
            error_code=int(answer.error),
            generation_id=answer.generation_id,
            protocol_type=answer.protocol_type,
            protocol_name=answer.protocol_name if may_be_null else answer.protocol_name or "",
            leader=answer.leader_id,
            skip_assignment=answer.skip_assignment,
            member_id=answer.member_id,
            members=members,
        )
    )
