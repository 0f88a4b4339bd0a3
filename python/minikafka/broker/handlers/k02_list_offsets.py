"""ListOffsets (API 2), versions 1 to 11.

v2 isolation levels: latest is the last stable offset for read_committed (F5). v4 leader epochs. v5 may answer
OFFSET_NOT_AVAILABLE right after an election, older ones hear LEADER_NOT_AVAILABLE (F6). v6 flexible. v7 the offset of
the largest timestamp (-3). v8, v9, v11 tiered storage (-4, -5, -6): there is none here, so earliest local is the log
start and the others answer -1. v10 a timeout for remote lookups.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from minikafka.broker.request import Request
from minikafka.errors import ErrorCode, Rejected
from minikafka.partition.partition import Isolation
from minikafka.types import NO_EPOCH, NO_OFFSET, NO_TIMESTAMP, Now, TopicPartition
from minikafka.wire.messages.list_offsets import (
    ListOffsetsPartition,
    ListOffsetsPartitionResponse,
    ListOffsetsRequest,
    ListOffsetsResponse,
    ListOffsetsTopicResponse,
)

if TYPE_CHECKING:
    from minikafka.broker.broker import Broker

CONSUMER: Final = -1
EARLIEST: Final = -2
NEVER: Final = 1 << 15
LEADER_EPOCH_VERSION: Final = 4
OFFSET_NOT_AVAILABLE_VERSION: Final = 5
FIRST_VERSIONS: Final = {-3: 7, -4: 8, -5: 9, -6: 11}
"""Timestamps with a meaning of their own, and since when. Others below -2 never had one."""


def handle(broker: Broker, request: Request[ListOffsetsRequest], now: Now) -> None:
    """Each partition on its own; one seldom fails another."""
    body = request.body
    if body.replica_id >= 0:
        isolation = Isolation.REPLICA
    elif body.isolation_level == 1:
        isolation = Isolation.READ_COMMITTED
    else:
        isolation = Isolation.READ_UNCOMMITTED
    counted = Counter(
        (topic.name, asked.partition_index) for topic in body.topics for asked in topic.partitions
    )
    request.reply(
        ListOffsetsResponse(
            topics=[
                ListOffsetsTopicResponse(
                    name=topic.name,
                    partitions=[
                        _refused(asked.partition_index, ErrorCode.INVALID_REQUEST)
                        if counted[topic.name, asked.partition_index] > 1
                        else _look_up(
                            broker,
                            TopicPartition(topic.name, asked.partition_index),
                            asked,
                            isolation,
                            request,
                        )
                        for asked in topic.partitions
                    ],
                )
                for topic in body.topics
            ]
        )
    )


def _look_up(
    broker: Broker,
    name: TopicPartition,
    asked: ListOffsetsPartition,
    isolation: Isolation,
    request: Request[ListOffsetsRequest],
) -> ListOffsetsPartitionResponse:
    if asked.timestamp < EARLIEST and request.api_version < FIRST_VERSIONS.get(asked.timestamp, NEVER):
        return _refused(name.partition, ErrorCode.UNSUPPORTED_VERSION)
    try:
        found = broker.replicas.leader(name).list_offset(
            asked.timestamp, isolation, asked.current_leader_epoch
        )
    except Rejected as rejected:
        code = rejected.code
        if code is ErrorCode.OFFSET_NOT_AVAILABLE and request.api_version < OFFSET_NOT_AVAILABLE_VERSION:
            code = ErrorCode.LEADER_NOT_AVAILABLE
        if broker.trace.on:
            broker.trace.event(
                "refused", rejected.rule or "F5", name, api="ListOffsets", code=code.name, why=rejected.why
            )
        return _refused(name.partition, code)
    if broker.trace.on:
        broker.trace.event(
            "offsets",
            "F5",
            name,
            what="by time",
            asked=asked.timestamp,
            bound=isolation.value,
            offset=found[0],
            timestamp=found[1],
            leader_epoch=found[2],
        )
    offset, timestamp, leader_epoch = found
    is_told = request.api_version >= LEADER_EPOCH_VERSION
    return ListOffsetsPartitionResponse(
        partition_index=name.partition,
        timestamp=timestamp,
        offset=offset,
        leader_epoch=leader_epoch if is_told else NO_EPOCH,
    )


def _refused(partition: int, code: ErrorCode) -> ListOffsetsPartitionResponse:
    return ListOffsetsPartitionResponse(
        partition_index=partition,
        error_code=int(code),
        timestamp=NO_TIMESTAMP,
        offset=NO_OFFSET,
        leader_epoch=NO_EPOCH,
    )
