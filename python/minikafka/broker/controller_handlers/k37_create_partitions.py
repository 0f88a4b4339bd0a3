"""CreatePartitions (API 37), versions 0 to 3: topics grow, they never shrink."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from minikafka.broker.controller_handlers.outcomes import code_of, message_of, write_each
from minikafka.broker.request import Request
from minikafka.controller.admin import create_partitions
from minikafka.controller.topics import MorePartitions
from minikafka.errors import ErrorCode, Rejected
from minikafka.types import Now
from minikafka.wire.messages.create_partitions import (
    CreatePartitionsRequest,
    CreatePartitionsResponse,
    CreatePartitionsTopic,
    CreatePartitionsTopicResult,
)

if TYPE_CHECKING:
    from minikafka.broker.controller_node import ControllerNode


def handle(node: ControllerNode, request: Request[CreatePartitionsRequest], now: Now) -> None:
    """Each topic by itself."""
    counted = Counter(topic.name for topic in request.body.topics)
    topics = [topic for topic in request.body.topics if counted[topic.name] == 1]
    twice = [name for name, count in counted.items() if count > 1]

    def answer(outcomes: Sequence[Rejected | None]) -> CreatePartitionsResponse:
        results = [_duplicate(name) for name in twice]
        results += [
            CreatePartitionsTopicResult(
                name=topic.name, error_code=code_of(outcome), error_message=message_of(outcome)
            )
            for topic, outcome in zip(topics, outcomes, strict=True)
        ]
        return CreatePartitionsResponse(results=results)

    write_each(
        node,
        request,
        len(topics),
        lambda controller, _: create_partitions(
            controller, [_more(topic) for topic in topics], validate_only=request.body.validate_only
        ),
        answer,
        now,
    )


def _duplicate(name: str) -> CreatePartitionsTopicResult:
    code = int(ErrorCode.INVALID_REQUEST)
    return CreatePartitionsTopicResult(name=name, error_code=code, error_message="Duplicate topic name.")


def _more(topic: CreatePartitionsTopic) -> MorePartitions:
    if topic.assignments is None:
        return MorePartitions(topic.name, topic.count)
    return MorePartitions(
        topic.name, topic.count, tuple(tuple(each.broker_ids) for each in topic.assignments)
    )
