"""CreateTopics (API 19), versions 2 to 7.

v4 defaults for partitions and replication factor. v5 the answer tells partitions, replication factor and
settings. v7 the topic id. Each topic is an answer of its own; `timeout_ms` is not waited for, because a
created topic is in the log when the answer leaves, as it is in Kafka.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from minikafka.broker.controller_handlers.outcomes import code_of, message_of, write_each
from minikafka.broker.request import Request
from minikafka.config import TOPIC_SETTINGS
from minikafka.controller.admin import create_topics
from minikafka.controller.topics import CreatedTopic, NewTopic
from minikafka.errors import ErrorCode, Rejected
from minikafka.types import Now
from minikafka.wire.messages.create_topics import (
    CreatableTopic,
    CreatableTopicConfigs,
    CreatableTopicResult,
    CreateTopicsRequest,
    CreateTopicsResponse,
)

if TYPE_CHECKING:
    from minikafka.broker.controller_node import ControllerNode

DYNAMIC_TOPIC: Final = 1
STATIC_BROKER: Final = 4
DEFAULT: Final = 5
"""Kafka's numbers for where a setting comes from."""


def handle(node: ControllerNode, request: Request[CreateTopicsRequest], now: Now) -> None:
    """Create those that may be; a name given twice is nobody's."""
    counted = Counter(topic.name for topic in request.body.topics)
    wanted = [topic for topic in request.body.topics if counted[topic.name] == 1]
    twice = [name for name, count in counted.items() if count > 1]

    def answer(outcomes: Sequence[CreatedTopic | Rejected]) -> CreateTopicsResponse:
        results = [_duplicate(name) for name in twice]
        results += [_result(node, topic, outcome) for topic, outcome in zip(wanted, outcomes, strict=True)]
        return CreateTopicsResponse(topics=results)

    write_each(
        node,
        request,
        len(wanted),
        lambda controller, _: create_topics(
            controller, [_new_topic(topic) for topic in wanted], validate_only=request.body.validate_only
        ),
        answer,
        now,
    )


def _duplicate(name: str) -> CreatableTopicResult:
    code = int(ErrorCode.INVALID_REQUEST)
    return CreatableTopicResult(name=name, error_code=code, error_message="Duplicate topic name.")


def _new_topic(topic: CreatableTopic) -> NewTopic:
    return NewTopic(
        topic.name,
        topic.num_partitions,
        topic.replication_factor,
        tuple((each.partition_index, tuple(each.broker_ids)) for each in topic.assignments),
        tuple((config.name, config.value) for config in topic.configs),
    )


def _result(
    node: ControllerNode, topic: CreatableTopic, outcome: CreatedTopic | Rejected
) -> CreatableTopicResult:
    if isinstance(outcome, Rejected):
        return CreatableTopicResult(
            name=topic.name, error_code=code_of(outcome), error_message=message_of(outcome)
        )
    return CreatableTopicResult(
        name=topic.name,
        topic_id=outcome.topic_id,
        error_message=None,
        num_partitions=outcome.partitions,
        replication_factor=outcome.replication_factor,
        configs=_settings(node, topic),
    )


def _settings(node: ControllerNode, topic: CreatableTopic) -> list[CreatableTopicConfigs]:
    """Every setting the topic now has, and where it comes from."""
    own = {config.name: config.value for config in topic.configs if config.value is not None}
    defaults = node.controller.view.cluster_settings().topic_defaults
    settings = defaults.with_overrides(own)
    described = []
    for name, setting in sorted(TOPIC_SETTINGS.items()):
        inherited = DEFAULT if defaults.value(name) == setting.default else STATIC_BROKER
        described.append(
            CreatableTopicConfigs(
                name=name,
                value=setting.render(settings.value(name)),
                config_source=DYNAMIC_TOPIC if name in own else inherited,
            )
        )
    return described
