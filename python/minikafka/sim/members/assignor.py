"""What classic members tell one another through the broker, which only carries the bytes (G9): what each owns, and what
each is to have."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from minikafka.types import TopicPartition
from minikafka.wire.codec import decode_record, encode_record
from minikafka.wire.messages.join_group import JoinGroupResponse
from minikafka.wire.records.consumer_protocol import (
    ConsumerProtocolAssignment,
    ConsumerProtocolAssignmentTopicPartition,
    ConsumerProtocolSubscription,
    ConsumerProtocolSubscriptionTopicPartition,
)

VERSION: Final = 3


def assign(
    partitions: list[TopicPartition], owned: Mapping[str, set[TopicPartition]]
) -> dict[str, set[TopicPartition]]:
    """Member id -> partitions: as even as can be, owners keeping what they may; what an owner must give up goes to
    nobody in this round, since it is still being read."""
    members = sorted(owned)
    least, extra = divmod(len(partitions), len(members))
    quota = {member: least + (place < extra) for place, member in enumerate(members)}
    kept = {member: sorted(owned[member])[: quota[member]] for member in members}
    held = set[TopicPartition]().union(*owned.values())
    free = [partition for partition in partitions if partition not in held]
    for member in members:
        while free and len(kept[member]) < quota[member]:
            kept[member].append(free.pop(0))
    return {member: set(each) for member, each in kept.items()}


def owned_by_members(response: JoinGroupResponse) -> dict[str, set[TopicPartition]]:
    """What each member owns, by member id.

    A static member that did not come still has its place, and its last word is an old one (G8): of two that claim the
    same partition, whoever came by it in the newer generation owns it (KIP-792).
    """
    claims: dict[TopicPartition, tuple[int, str]] = {}
    for member in sorted(response.members, key=lambda each: each.member_id):
        said = decode_record(ConsumerProtocolSubscription, member.metadata)
        for topic in said.owned_partitions:
            for index in topic.partitions:
                claim = (said.generation_id, member.member_id)
                name = TopicPartition(topic.topic, index)
                claims[name] = max(claim, claims.get(name, claim))
    return {
        member.member_id: {name for name, (_, owner) in claims.items() if owner == member.member_id}
        for member in response.members
    }


def assigned_in(assignment: bytes) -> frozenset[TopicPartition]:
    """What a SyncGroup answer gives; nothing when the leader forgot the member."""
    if not assignment:
        return frozenset()
    return frozenset(
        TopicPartition(topic.topic, index)
        for topic in decode_record(ConsumerProtocolAssignment, assignment).assigned_partitions
        for index in topic.partitions
    )


def subscription_of(topics: list[str], owned: Iterable[TopicPartition], generation: int) -> bytes:
    """`generation`: in which it came to own them."""
    return encode_record(
        ConsumerProtocolSubscription(
            topics=topics,
            generation_id=generation,
            owned_partitions=[
                ConsumerProtocolSubscriptionTopicPartition(topic=topic, partitions=indexes)
                for topic, indexes in _by_topic(owned).items()
            ],
        ),
        VERSION,
    )


def assignment_of(partitions: Iterable[TopicPartition]) -> bytes:
    return encode_record(
        ConsumerProtocolAssignment(
            assigned_partitions=[
                ConsumerProtocolAssignmentTopicPartition(topic=topic, partitions=indexes)
                for topic, indexes in _by_topic(partitions).items()
            ]
        ),
        VERSION,
    )


def _by_topic(partitions: Iterable[TopicPartition]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for topic, index in sorted(partitions):
        found.setdefault(topic, []).append(index)
    return found
