"""DescribeQuorum (API 55), versions 0 to 2: who votes on the metadata log, and who follows it (KIP-595, KIP-836).

v1 when each replica last fetched and was last caught up, in wall time. v2 directory ids, messages, and where the voters
listen, which is left out here: clients have no business there. There is one voter, the controller; brokers observe.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from minikafka.broker.metadata_fetches import Observer
from minikafka.broker.metadata_log import LEADER_EPOCH, PARTITION
from minikafka.broker.request import Request
from minikafka.errors import ErrorCode
from minikafka.types import CONTROLLER_ID, BrokerId, Now
from minikafka.wire.messages.describe_quorum import (
    DescribeQuorumRequest,
    DescribeQuorumResponse,
    DescribeQuorumResponsePartitionData,
    DescribeQuorumResponseTopicData,
    ReplicaState,
)

if TYPE_CHECKING:
    from minikafka.broker.controller_node import ControllerNode

NO_ERROR: Final = ErrorCode.NONE.name
"""Kafka says this where others say nothing."""


def handle(node: ControllerNode, request: Request[DescribeQuorumRequest], now: Now) -> None:
    """The one partition of `__cluster_metadata`, if that is all that was asked for."""
    topics = request.body.topics
    asked = [(topic.topic_name, each.partition_index) for topic in topics for each in topic.partitions]
    if asked == [PARTITION]:
        described = DescribeQuorumResponseTopicData(
            topic_name=PARTITION.topic, partitions=[_partition(node, now)]
        )
        request.reply(DescribeQuorumResponse(error_message=NO_ERROR, topics=[described]))
        return
    code = int(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
    refused = [
        DescribeQuorumResponseTopicData(
            topic_name=topic.topic_name,
            partitions=[
                DescribeQuorumResponsePartitionData(
                    partition_index=each.partition_index, error_code=code, error_message="it has no quorum"
                )
                for each in topic.partitions
            ],
        )
        for topic in topics
    ]
    request.reply(DescribeQuorumResponse(error_message=NO_ERROR, topics=refused))


def _partition(node: ControllerNode, now: Now) -> DescribeQuorumResponsePartitionData:
    voter = ReplicaState(
        replica_id=CONTROLLER_ID,
        log_end_offset=node.fetches.log_end_offset,
        last_fetch_timestamp=now.wall_ms,
        last_caught_up_timestamp=now.wall_ms,
    )
    observers = node.fetches.observers
    return DescribeQuorumResponsePartitionData(
        partition_index=PARTITION.partition,
        error_message=NO_ERROR,
        leader_id=CONTROLLER_ID,
        leader_epoch=LEADER_EPOCH,
        high_watermark=node.fetches.high_watermark,
        current_voters=[voter],
        observers=[_observer(broker, observers[broker]) for broker in sorted(observers)],
    )


def _observer(broker_id: BrokerId, seen: Observer) -> ReplicaState:
    return ReplicaState(
        replica_id=broker_id,
        log_end_offset=seen.offset,
        last_fetch_timestamp=seen.fetched_at_ms,
        last_caught_up_timestamp=seen.caught_up_at_ms,
    )
