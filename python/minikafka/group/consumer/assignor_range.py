"""The range assignor: of each topic, consecutive partitions to each subscriber (G16).

Subscribers are taken in one order for every topic (static members by instance id, then the others by member id), so
partition 3 of two topics with equal counts and equal subscribers goes to the same member: that is what joins need.
The first `partitions mod members` of them get one more.
"""

from __future__ import annotations

from collections.abc import Mapping

from minikafka.group.consumer.member import Slot
from minikafka.group.consumer.subscriptions import Subscriber
from minikafka.types import TopicId


def assign(
    subscribers: Mapping[str, Subscriber], partition_counts: Mapping[TopicId, int]
) -> dict[str, frozenset[Slot]]:
    """Member id -> partitions."""
    order = sorted(
        subscribers, key=lambda member: (subscribers[member].instance_id is None, _name(subscribers, member))
    )
    target: dict[str, set[Slot]] = {member: set() for member in subscribers}
    for topic_id in sorted(partition_counts):
        readers = [member for member in order if topic_id in subscribers[member].topics]
        if not readers:
            continue
        quota, one_more = divmod(partition_counts[topic_id], len(readers))
        start = 0
        for place, member in enumerate(readers):
            end = start + quota + (place < one_more)
            target[member].update(Slot(topic_id, partition) for partition in range(start, end))
            start = end
    return {member: frozenset(slots) for member, slots in target.items()}


def _name(subscribers: Mapping[str, Subscriber], member: str) -> str:
    return subscribers[member].instance_id or member
