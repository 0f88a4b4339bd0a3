"""ListPartitionReassignments (API 46), version 0: which partitions move, and from where to where (R17, KIP-455).

A null list asks for all. Topics that do not exist, and partitions that do not move, are left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from minikafka.broker.request import Request
from minikafka.controller.admin import list_reassignments
from minikafka.partition.state import PartitionState
from minikafka.types import Now, TopicPartition
from minikafka.wire.messages.list_partition_reassignments import (
    ListPartitionReassignmentsRequest,
    ListPartitionReassignmentsResponse,
    OngoingPartitionReassignment,
    OngoingTopicReassignment,
)

if TYPE_CHECKING:
    from minikafka.broker.controller_node import ControllerNode


def handle(node: ControllerNode, request: Request[ListPartitionReassignmentsRequest], now: Now) -> None:
    """Reads wait, like writes, until what they saw is on disk."""
    topics = request.body.topics
    names = None
    if topics is not None:
        names = [TopicPartition(topic.name, index) for topic in topics for index in topic.partition_indexes]
    node.write(
        lambda controller, _: list_reassignments(controller, names),
        _answer,
        lambda refusal: ListPartitionReassignmentsResponse(
            error_code=int(refusal.code), error_message=refusal.why
        ),
        request,
        now,
    )


def _answer(moving: Sequence[tuple[TopicPartition, PartitionState]]) -> ListPartitionReassignmentsResponse:
    by_topic: dict[str, list[OngoingPartitionReassignment]] = {}
    for name, state in moving:
        by_topic.setdefault(name.topic, []).append(
            OngoingPartitionReassignment(
                partition_index=name.partition,
                replicas=list(state.replicas),
                adding_replicas=list(state.adding),
                removing_replicas=list(state.removing),
            )
        )
    topics = [OngoingTopicReassignment(name=topic, partitions=each) for topic, each in by_topic.items()]
    return ListPartitionReassignmentsResponse(error_message=None, topics=topics)
