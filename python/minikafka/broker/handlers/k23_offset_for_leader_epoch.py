"""OffsetForLeaderEpoch (API 23), versions 2 to 4: where an epoch ended (F7).

v2 fences by the current leader epoch (F8). v3 says who asks: -2 an old client, -1 a consumer, else a follower.
v4 flexible.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from minikafka.broker.request import Request
from minikafka.errors import Rejected
from minikafka.types import NO_EPOCH, NO_OFFSET, Now, TopicPartition
from minikafka.wire.messages.offset_for_leader_epoch import (
    EpochEndOffset,
    OffsetForLeaderEpochRequest,
    OffsetForLeaderEpochResponse,
    OffsetForLeaderPartition,
    OffsetForLeaderTopicResult,
)

if TYPE_CHECKING:
    from minikafka.broker.broker import Broker


def handle(broker: Broker, request: Request[OffsetForLeaderEpochRequest], now: Now) -> None:
    """Each partition on its own."""
    request.reply(
        OffsetForLeaderEpochResponse(
            topics=[
                OffsetForLeaderTopicResult(
                    topic=topic.topic,
                    partitions=[
                        _end(broker, TopicPartition(topic.topic, asked.partition), asked)
                        for asked in topic.partitions
                    ],
                )
                for topic in request.body.topics
            ]
        )
    )


def _end(broker: Broker, name: TopicPartition, asked: OffsetForLeaderPartition) -> EpochEndOffset:
    try:
        partition = broker.replicas.leader(name)
        partition.check_epoch(asked.current_leader_epoch)
    except Rejected as rejected:
        if broker.trace.on:
            api, code, why = "OffsetForLeaderEpoch", rejected.code.name, rejected.why
            broker.trace.event("refused", rejected.rule or "F7", name, api=api, code=code, why=why)
        return EpochEndOffset(
            error_code=int(rejected.code),
            partition=name.partition,
            leader_epoch=NO_EPOCH,
            end_offset=NO_OFFSET,
        )
    epoch, end_offset = partition.end_offset_for_epoch(asked.leader_epoch)
    if broker.trace.on:
        broker.trace.event(
            "offsets",
            "F7",
            name,
            what="by epoch",
            asked=asked.leader_epoch,
            epoch=epoch,
            end_offset=end_offset,
        )
    return EpochEndOffset(partition=name.partition, leader_epoch=epoch, end_offset=end_offset)
