"""AlterPartitionReassignments (API 45), versions 0 to 1: partitions move to other brokers (R17, KIP-455).

Null replicas give the move under way up. v1 may forbid that the number of replicas changes (KIP-860).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from minikafka.broker.controller_handlers.outcomes import code_of, message_of, write_each
from minikafka.broker.request import Request
from minikafka.controller.admin import reassign_partitions
from minikafka.controller.reassign import Move
from minikafka.errors import Rejected
from minikafka.types import Now, TopicPartition
from minikafka.wire.messages.alter_partition_reassignments import (
    AlterPartitionReassignmentsRequest,
    AlterPartitionReassignmentsResponse,
    ReassignablePartitionResponse,
    ReassignableTopicResponse,
)

if TYPE_CHECKING:
    from minikafka.broker.controller_node import ControllerNode


def handle(node: ControllerNode, request: Request[AlterPartitionReassignmentsRequest], now: Now) -> None:
    """Each partition by itself."""
    body = request.body
    allowed = body.allow_replication_factor_change
    asked = [
        Move(
            TopicPartition(topic.name, each.partition_index),
            None if each.replicas is None else tuple(each.replicas),
        )
        for topic in body.topics
        for each in topic.partitions
    ]

    def answer(outcomes: Sequence[Rejected | None]) -> AlterPartitionReassignmentsResponse:
        results = iter(outcomes)
        topics = [
            ReassignableTopicResponse(
                name=topic.name,
                partitions=[_result(each.partition_index, next(results)) for each in topic.partitions],
            )
            for topic in body.topics
        ]
        return AlterPartitionReassignmentsResponse(
            allow_replication_factor_change=allowed, error_message=None, responses=topics
        )

    write_each(
        node,
        request,
        len(asked),
        lambda controller, _: reassign_partitions(controller, asked, allow_factor_change=allowed),
        answer,
        now,
    )


def _result(index: int, outcome: Rejected | None) -> ReassignablePartitionResponse:
    return ReassignablePartitionResponse(
        partition_index=index, error_code=code_of(outcome), error_message=message_of(outcome)
    )
