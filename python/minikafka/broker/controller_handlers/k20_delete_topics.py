"""DeleteTopics (API 20), versions 1 to 6.

v5 error messages. v6 topics by name or by id; before that by name only.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from minikafka.broker.controller_handlers.outcomes import code_of, message_of, write_each
from minikafka.broker.request import Request
from minikafka.controller.admin import delete_topics
from minikafka.controller.image import MetadataImage
from minikafka.errors import ErrorCode, Rejected
from minikafka.types import NO_TOPIC_ID, Now, TopicId
from minikafka.wire.messages.delete_topics import (
    DeletableTopicResult,
    DeleteTopicsRequest,
    DeleteTopicsResponse,
    DeleteTopicState,
)

if TYPE_CHECKING:
    from minikafka.broker.controller_node import ControllerNode


def handle(node: ControllerNode, request: Request[DeleteTopicsRequest], now: Now) -> None:
    """Find what is meant, delete it; what cannot be found is refused by itself."""
    body = request.body
    by_name = [DeleteTopicState(name=name) for name in body.topic_names]
    asked = body.topics if request.api_version >= 6 else by_name
    found: list[tuple[DeleteTopicState, TopicId]] = []
    refused: list[tuple[DeleteTopicState, Rejected]] = []
    counted = Counter((topic.name, topic.topic_id) for topic in asked)
    for topic in asked:
        try:
            if counted[topic.name, topic.topic_id] > 1:
                raise Rejected(ErrorCode.INVALID_REQUEST, "Duplicate topic name or id.")
            found.append((topic, _topic_id(node.image, topic)))
        except Rejected as refusal:
            refused.append((topic, refusal))
    image = node.image

    def answer(outcomes: Sequence[Rejected | None]) -> DeleteTopicsResponse:
        told = [*refused, *((topic, outcome) for (topic, _), outcome in zip(found, outcomes, strict=True))]
        return DeleteTopicsResponse(responses=[_result(image, topic, outcome) for topic, outcome in told])

    write_each(
        node,
        request,
        len(found),
        lambda controller, _: delete_topics(controller, [topic_id for _, topic_id in found]),
        answer,
        now,
    )


def _topic_id(image: MetadataImage, topic: DeleteTopicState) -> TopicId:
    if topic.name is not None and topic.topic_id != NO_TOPIC_ID:
        why = "You may not specify both topic name and topic id."
        raise Rejected(ErrorCode.INVALID_REQUEST, why)
    if topic.name is None:
        if topic.topic_id == NO_TOPIC_ID:
            raise Rejected(ErrorCode.INVALID_REQUEST, "Neither topic name nor id were specified.")
        return topic.topic_id
    known = image.topic(topic.name)
    if known is None:
        why = "This server does not host this topic-partition."
        raise Rejected(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, why)
    return known.topic_id


def _result(image: MetadataImage, topic: DeleteTopicState, outcome: Rejected | None) -> DeletableTopicResult:
    name, topic_id = topic.name, topic.topic_id
    known = image.topic(name) if name is not None else image.topic_by_id(topic_id)
    if known is not None and outcome is None:
        name, topic_id = known.name, known.topic_id
    return DeletableTopicResult(
        name=name, topic_id=topic_id, error_code=code_of(outcome), error_message=message_of(outcome)
    )
