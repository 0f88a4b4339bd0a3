"""ConsumerGroupHeartbeat (API 68), versions 0 and 1 (G12).

v1 members make their own ids and may subscribe by regular expression; v0 members are given an id with the first
answer. A cluster with `group.version` 0 answers UNSUPPORTED_VERSION [35] (C2).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from minikafka.broker import groups
from minikafka.broker.request import Request
from minikafka.controller.features import GROUP_VERSION
from minikafka.errors import ErrorCode, Rejected
from minikafka.group.consumer.member import Slot
from minikafka.group.consumer.records import by_topic
from minikafka.group.consumer.requests import HeartbeatAnswer, HeartbeatRequest
from minikafka.types import Now
from minikafka.wire.messages.consumer_group_heartbeat import (
    Assignment,
    ConsumerGroupHeartbeatRequest,
    ConsumerGroupHeartbeatResponse,
    ConsumerGroupHeartbeatResponseTopicPartitions,
)

if TYPE_CHECKING:
    from minikafka.broker.broker import Broker

OWN_ID_VERSION: Final = 1


def handle(broker: Broker, request: Request[ConsumerGroupHeartbeatRequest], now: Now) -> None:
    """One step of a member towards its assignment."""
    if broker.image.feature(GROUP_VERSION) < 1:
        _refuse(request, Rejected(ErrorCode.UNSUPPORTED_VERSION, "group.version is 0"))
        return
    asked = _asked(request)

    def answered(answer: HeartbeatAnswer, _: Now) -> None:
        broker.group_connections.heard(request, asked.group_id, answer.member_id)
        _reply(request, answer)

    groups.write(
        broker,
        asked.group_id,
        lambda shard, at: shard.consumer_heartbeat(asked, at),
        answered,
        lambda refusal, _: _refuse(request, refusal),
        now,
    )


def _asked(request: Request[ConsumerGroupHeartbeatRequest]) -> HeartbeatRequest:
    body = request.body
    owned = None
    if body.topic_partitions is not None:
        owned = frozenset(
            Slot(row.topic_id, index) for row in body.topic_partitions for index in row.partitions
        )
    return HeartbeatRequest(
        group_id=body.group_id,
        member_id=body.member_id,
        member_epoch=body.member_epoch,
        client_id=request.client_id,
        client_host=f"/{request.client_host}",
        instance_id=body.instance_id,
        rack_id=body.rack_id,
        rebalance_timeout_ms=body.rebalance_timeout_ms,
        topics=None if body.subscribed_topic_names is None else tuple(body.subscribed_topic_names),
        regex=body.subscribed_topic_regex,
        assignor=body.server_assignor,
        owned=owned,
        makes_its_own_id=request.api_version >= OWN_ID_VERSION,
    )


def _reply(request: Request[ConsumerGroupHeartbeatRequest], answer: HeartbeatAnswer) -> None:
    assignment = None
    if answer.assignment is not None:
        rows = [
            ConsumerGroupHeartbeatResponseTopicPartitions(topic_id=topic_id, partitions=indexes)
            for topic_id, indexes in by_topic(answer.assignment).items()
        ]
        assignment = Assignment(topic_partitions=rows)
    request.reply(
        ConsumerGroupHeartbeatResponse(
            member_id=answer.member_id,
            member_epoch=answer.member_epoch,
            heartbeat_interval_ms=answer.heartbeat_interval_ms,
            assignment=assignment,
        )
    )


def _refuse(request: Request[ConsumerGroupHeartbeatRequest], refusal: Rejected) -> None:
    request.reply(
        ConsumerGroupHeartbeatResponse(error_code=int(refusal.code), error_message=refusal.why or None)
    )
