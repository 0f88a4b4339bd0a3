"""OffsetDelete (API 47), version 0: forget committed offsets of topics that no live member reads (G11)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from minikafka.broker import groups
from minikafka.broker.request import Request
from minikafka.errors import ErrorCode, Rejected
from minikafka.types import Now, TopicPartition
from minikafka.wire.messages.offset_delete import (
    OffsetDeleteRequest,
    OffsetDeleteRequestTopic,
    OffsetDeleteResponse,
    OffsetDeleteResponsePartition,
    OffsetDeleteResponseTopic,
)

if TYPE_CHECKING:
    from minikafka.broker.broker import Broker


def handle(broker: Broker, request: Request[OffsetDeleteRequest], now: Now) -> None:
    """Partitions that do not exist are refused here, [3]; the group's coordinator decides on the rest."""
    body = request.body
    asked = [
        TopicPartition(topic.name, each.partition_index) for topic in body.topics for each in topic.partitions
    ]
    known = [partition for partition in asked if broker.image.partition(partition) is not None]

    def answer(errors: list[ErrorCode], _: Now) -> None:
        told = dict.fromkeys(asked, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION) | dict(
            zip(known, errors, strict=True)
        )
        request.reply(OffsetDeleteResponse(topics=list(_topics(body.topics, told))))

    def reject(refusal: Rejected, _: Now) -> None:
        request.reply(OffsetDeleteResponse(error_code=int(refusal.code)))

    groups.write(
        broker,
        body.group_id,
        lambda shard, at: shard.delete_offsets(body.group_id, known, at),
        answer,
        reject,
        now,
    )


def _topics(
    topics: list[OffsetDeleteRequestTopic], told: dict[TopicPartition, ErrorCode]
) -> Iterator[OffsetDeleteResponseTopic]:
    for topic in topics:
        partitions = [
            OffsetDeleteResponsePartition(
                partition_index=each.partition_index,
                error_code=int(told[TopicPartition(topic.name, each.partition_index)]),
            )
            for each in topic.partitions
        ]
        yield OffsetDeleteResponseTopic(name=topic.name, partitions=partitions)
