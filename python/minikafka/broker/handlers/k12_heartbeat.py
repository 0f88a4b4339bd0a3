"""Heartbeat (API 12), versions 0 to 4. v3 static members. v4 flexible.

A coordinator that is still loading answers NONE: it knows no better, and an error would only make members rejoin.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from minikafka.broker import groups
from minikafka.broker.request import Request
from minikafka.errors import ErrorCode
from minikafka.group.classic.requests import Identity
from minikafka.types import Now
from minikafka.wire.messages.heartbeat import HeartbeatRequest, HeartbeatResponse

if TYPE_CHECKING:
    from minikafka.broker.broker import Broker


def handle(broker: Broker, request: Request[HeartbeatRequest], now: Now) -> None:
    """Renew the member's session; tell it of a rebalance (G6)."""
    body = request.body
    identity = Identity(body.group_id, body.member_id, body.group_instance_id, body.generation_id)
    broker.group_connections.heard(request, body.group_id, body.member_id)
    reply = partial(_reply, request)
    groups.write(
        broker,
        body.group_id,
        lambda shard, at: shard.heartbeat(identity, at),
        lambda code, _: reply(code),
        lambda refusal, _: reply(refusal.code),
        now,
    )


def _reply(request: Request[HeartbeatRequest], code: ErrorCode) -> None:
    told = ErrorCode.NONE if code is ErrorCode.COORDINATOR_LOAD_IN_PROGRESS else code
    request.reply(HeartbeatResponse(error_code=int(told)))
