"""Who reads which partition, decided by a member: the range assignor, and ConsumerProtocol's bytes."""

from __future__ import annotations

from collections.abc import Mapping

from minikafka.types import TopicPartition
from minikafka.wire import codec
from minikafka.wire.records.consumer_protocol import (
    ConsumerProtocolAssignment,
    ConsumerProtocolAssignmentTopicPartition,
    ConsumerProtocolSubscription,
)

VERSION = b"\0\0"
"""In front of each of the two; version 0 is what every client reads."""


def encoded_subscription(topics: list[str]) -> bytes:
    """What a member says when it joins."""
    return VERSION + codec.encode_message(ConsumerProtocolSubscription(topics, b""), 0)


def assign_by_range(
    subscribed: Mapping[str, list[str]], partitions: Mapping[str, list[int]]
) -> dict[str, dict[str, list[int]]]:
    """Of each topic a contiguous part to each of its subscribers in order, the first ones getting one more."""
    assigned: dict[str, dict[str, list[int]]] = {member: {} for member in subscribed}
    for topic, all_of_it in sorted(partitions.items()):
        members = sorted(member for member, topics in subscribed.items() if topic in topics)
        share, more = divmod(len(all_of_it), len(members))
        start = 0
        for number, member in enumerate(members):
            end = start + share + (number < more)
            if end > start:
                assigned[member][topic] = all_of_it[start:end]
            start = end
    return assigned


def assigned_partitions(assignment: bytes) -> list[TopicPartition]:
    """What a member's assignment holds; empty bytes are no partitions. Raises DecodeError."""
    if not assignment:
        return []
    decoded = codec.decode_message(ConsumerProtocolAssignment, 0, assignment[2:])
    return sorted(
        TopicPartition(each.topic, partition)
        for each in decoded.assigned_partitions
        for partition in each.partitions
    )


def subscribed_topics(subscription: bytes) -> list[str]:
    return codec.decode_message(ConsumerProtocolSubscription, 0, subscription[2:]).topics


def encoded_assignment(mine: Mapping[str, list[int]]) -> bytes:
    topics = [ConsumerProtocolAssignmentTopicPartition(topic, numbers) for topic, numbers in mine.items()]
    return VERSION + codec.encode_message(ConsumerProtocolAssignment(topics, b""), 0)
