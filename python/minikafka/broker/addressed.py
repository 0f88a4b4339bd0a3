"""What a request is about: topics and partitions, groups, transactional ids; read off any request message.

Kafka's requests spell these in few ways, so one walk over the message finds them in every API and version. Only fault
rules ask, and only while there are any.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

from minikafka.types import NO_TOPIC_ID, TopicId
from minikafka.wire.message import Message

TOPIC_NAMES: Final = ("name", "topic", "topic_name")
PARTITION_NUMBERS: Final = ("partition_index", "partition", "index", "partition_id")
PARTITION_LISTS: Final = ("partitions", "partition_indexes")
TOPICLESS: Final = frozenset({"JoinGroupRequestProtocol", "FeatureUpdateKey", "AlterableConfig"})
"""Structs whose `name` names something else."""


class Addressed(NamedTuple):
    """What one request is about. A partition of None stands for the whole topic."""

    partitions: list[tuple[str, int | None]]
    groups: list[str]
    transactional_ids: list[str]


def addressed(body: object, topic_name: Callable[[TopicId], str | None]) -> Addressed:
    """Everything `body` names; topic ids become names where `topic_name` knows them."""
    found = Addressed([], [], [])
    if isinstance(body, Message):
        _walk(body, topic_name, found)
    return found


def _walk(message: Message, topic_name: Callable[[TopicId], str | None], found: Addressed) -> None:
    for field in ("group_id", "transactional_id", "v3_and_below_transactional_id"):
        value = getattr(message, field, None)
        if isinstance(value, str) and value:
            (found.groups if field == "group_id" else found.transactional_ids).append(value)
    topic = _topic_of(message, topic_name)
    if topic is not None:
        found.partitions.extend((topic, number) for number in _partitions_of(message) or [None])
        return
    for child in _children(message):
        _walk(child, topic_name, found)


def _topic_of(message: Message, topic_name: Callable[[TopicId], str | None]) -> str | None:
    if type(message).__name__ in TOPICLESS:
        return None
    for field in TOPIC_NAMES:
        name = getattr(message, field, None)
        if isinstance(name, str) and name:
            return name
    topic_id = getattr(message, "topic_id", NO_TOPIC_ID)
    return topic_name(topic_id) if topic_id != NO_TOPIC_ID else None


def _partitions_of(topic: Message) -> list[int | None]:
    numbers: list[int | None] = []
    for field in PARTITION_LISTS:
        value = getattr(topic, field, None)
        if isinstance(value, list):
            numbers.extend(number for number in value if isinstance(number, int))
    for child in _children(topic):
        for field in PARTITION_NUMBERS:
            number = getattr(child, field, None)
            if isinstance(number, int):
                numbers.append(number)
                break
    return numbers


def _children(message: Message) -> Iterator[Message]:
    for field in message.__slots__:
        value = getattr(message, field)
        if isinstance(value, Message):
            yield value
        elif isinstance(value, list):
            yield from (one for one in value if isinstance(one, Message))
