"""DescribeTopicPartitions (API 75), version 0: topics page by page, with their ELR (R14).

The answer stops after `response_partition_limit` partitions and names, as a cursor, the one to go on with.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from minikafka.broker.authorized import ON_TOPIC
from minikafka.broker.handlers.k03_metadata import leader_seen
from minikafka.broker.request import Request
from minikafka.config import INTERNAL_TOPICS
from minikafka.controller.image import TopicImage
from minikafka.errors import ErrorCode
from minikafka.partition.state import PartitionState
from minikafka.types import Now
from minikafka.wire.messages import describe_topic_partitions as wire

if TYPE_CHECKING:
    from minikafka.broker.broker import Broker

MAX_PARTITIONS: Final = 2000
"""Kafka: `max.request.partition.size.limit`."""


def handle(broker: Broker, request: Request[wire.DescribeTopicPartitionsRequest], now: Now) -> None:
    """Topics in name order, from the cursor on."""
    body = request.body
    image = broker.client_image
    asked = sorted({topic.name for topic in body.topics} or set(image.topics))
    first_partition = 0
    if body.cursor is not None and body.cursor.partition_index < 0:
        code = int(ErrorCode.INVALID_REQUEST)
        refused = [
            wire.DescribeTopicPartitionsResponseTopic(error_code=code, name=topic.name)
            for topic in body.topics
        ]
        request.reply(wire.DescribeTopicPartitionsResponse(topics=refused))
        return
    if body.cursor is not None:
        asked = [name for name in asked if name >= body.cursor.topic_name]
        first_partition = body.cursor.partition_index
    left = max(1, min(body.response_partition_limit, MAX_PARTITIONS))
    response = wire.DescribeTopicPartitionsResponse()
    for name in asked:
        start = first_partition if body.cursor is not None and name == body.cursor.topic_name else 0
        topic = image.topics.get(name)
        if topic is None:
            response.topics.append(
                wire.DescribeTopicPartitionsResponseTopic(
                    error_code=int(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION), name=name
                )
            )
            continue
        if left == 0:
            response.next_cursor = wire.DescribeTopicPartitionsResponseCursor(
                topic_name=name, partition_index=0
            )
            break
        indexes = [index for index in sorted(topic.partitions) if index >= start]
        response.topics.append(_topic(broker, topic, indexes[:left], request.listener))
        if len(indexes) > left:
            response.next_cursor = wire.DescribeTopicPartitionsResponseCursor(
                topic_name=name, partition_index=indexes[left]
            )
            break
        left -= len(indexes)
    for described in response.topics:
        described.topic_authorized_operations = ON_TOPIC
    request.reply(response)


def _topic(
    broker: Broker, topic: TopicImage, indexes: list[int], listener: str
) -> wire.DescribeTopicPartitionsResponseTopic:
    return wire.DescribeTopicPartitionsResponseTopic(
        name=topic.name,
        topic_id=topic.topic_id,
        is_internal=topic.name in INTERNAL_TOPICS,
        partitions=[_partition(broker, index, topic.partitions[index], listener) for index in indexes],
    )


def _partition(
    broker: Broker, index: int, state: PartitionState, listener: str
) -> wire.DescribeTopicPartitionsResponsePartition:
    leader, error = leader_seen(broker.client_image, state, listener)
    return wire.DescribeTopicPartitionsResponsePartition(
        error_code=int(error),
        partition_index=index,
        leader_id=leader,
        leader_epoch=state.leader_epoch,
        replica_nodes=list(state.replicas),
        isr_nodes=list(state.isr),
        eligible_leader_replicas=list(state.elr),
        last_known_elr=list(state.last_known_elr),
        offline_replicas=[
            replica for replica in state.replicas if broker.client_image.is_offline(replica, state)
        ],
    )
