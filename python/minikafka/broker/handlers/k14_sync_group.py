"""SyncGroup (API 14), versions 0 to 5.

v3 static members. v4 flexible. v5 both sides name the protocol, and a member that believes in another one is refused,
INCONSISTENT_GROUP_PROTOCOL [23] (KIP-559).
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from minikafka.broker import groups
from minikafka.broker.request import Request
from minikafka.errors import ErrorCode
from minikafka.group.classic.requests import Identity, SyncAnswer, SyncRequest
from minikafka.types import Now
from minikafka.wire.messages.sync_group import SyncGroupRequest, SyncGroupResponse

if TYPE_CHECKING:
    from minikafka.broker.broker import Broker


PROTOCOL_VERSION: Final = 5
"""From here on a member says which protocol it believes in."""


def handle(broker: Broker, request: Request[SyncGroupRequest], now: Now) -> None:
    """Take the leader's assignment, hand out each member's part (G5)."""
    body = request.body
    if request.api_version >= PROTOCOL_VERSION and (body.protocol_type is None or body.protocol_name is None):
        _reply(request, SyncAnswer(ErrorCode.INCONSISTENT_GROUP_PROTOCOL))
        return
    asked = SyncRequest(
        Identity(body.group_id, body.member_id, body.group_instance_id, body.generation_id),
        body.protocol_type,
        body.protocol_name,
        {each.member_id: bytes(each.assignment) for each in body.assignments},
    )
    broker.group_connections.heard(request, body.group_id, body.member_id)
    reply = partial(_reply, request)
    groups.write(
        broker,
        body.group_id,
        lambda shard, at: shard.sync(asked, reply, at),
        lambda answer, _: reply(answer),
        lambda refusal, _: reply(SyncAnswer(refusal.code)),
        now,
    )


def _reply(request: Request[SyncGroupRequest], answer: SyncAnswer) -> None:
    request.reply(
        SyncGroupResponse(
            error_code=int(answer.error),
            protocol_type=answer.protocol_type,
            protocol_name=answer.protocol_name,
            assignment=answer.assignment,
        )
    )
