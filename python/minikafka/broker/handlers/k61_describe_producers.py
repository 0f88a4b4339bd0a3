"""DescribeProducers (API 61), version 0: what a partition's leader remembers of its producers (T15).

This is how a hanging transaction is found (T14): a producer with a `current_txn_start_offset` far in the past, whose
transactional id's coordinator knows of no open transaction.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from minikafka.broker.request import Request
from minikafka.errors import Rejected
from minikafka.log.producer_state import ProducerState
from minikafka.types import Now, TopicPartition
from minikafka.wire.messages import describe_producers as wire

if TYPE_CHECKING:
    from minikafka.broker.broker import Broker


def handle(broker: Broker, request: Request[wire.DescribeProducersRequest], _: Now) -> None:
    """Every producer of each partition led here."""
    request.reply(
        wire.DescribeProducersResponse(
            topics=[
                wire.TopicResponse(
                    name=topic.name,
                    partitions=[
                        _partition(broker, TopicPartition(topic.name, index))
                        for index in topic.partition_indexes
                    ],
                )
                for topic in request.body.topics
            ]
        )
    )


def _partition(broker: Broker, name: TopicPartition) -> wire.PartitionResponse:
    try:
        partition = broker.replicas.leader(name)
    except Rejected as refusal:
        return wire.PartitionResponse(
            partition_index=name.partition, error_code=int(refusal.code), error_message=refusal.why
        )
    producers = [_producer(state) for state in partition.log.producers.all()]
    return wire.PartitionResponse(partition_index=name.partition, active_producers=producers)


def _producer(state: ProducerState) -> wire.ProducerState:
    return wire.ProducerState(
        producer_id=state.producer_id,
        producer_epoch=state.epoch,
        last_sequence=state.last_sequence,
        last_timestamp=state.last_timestamp_ms,
        coordinator_epoch=state.coordinator_epoch,
        current_txn_start_offset=state.current_transaction_first_offset,
    )
