"""Computing who should have what (G13, G16).

The group's assignor is the one most members ask for; members that ask for none do not vote, and without votes it is
the first of `group.consumer.assignors`. Members that left for now (static, -2) keep their place in the target: that is
the point of leaving for now.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Final

from minikafka.group.consumer import assignor_range, assignor_uniform
from minikafka.group.consumer.group import subscribed_topics
from minikafka.group.consumer.member import ConsumerMember, Slot
from minikafka.group.consumer.subscriptions import Subscriber
from minikafka.group.consumer.topics import Topics
from minikafka.types import TopicId

Assignor = Callable[[Mapping[str, Subscriber], Mapping[TopicId, int]], dict[str, frozenset[Slot]]]

ASSIGNORS: Final[Mapping[str, Assignor]] = MappingProxyType(
    {"uniform": assignor_uniform.assign, "range": assignor_range.assign}
)
"""By the name members ask with."""


def preferred_assignor(members: Iterable[ConsumerMember], configured: Sequence[str]) -> str:
    """The most wanted; of equally wanted ones, the first that is configured."""
    votes = dict.fromkeys(configured, 0)
    for member in members:
        if member.assignor in votes:
            votes[member.assignor] += 1
    return max(votes, key=lambda name: votes[name])


def compute_target(
    assignor: str,
    members: Mapping[str, ConsumerMember],
    before: Mapping[str, frozenset[Slot]],
    resolved: Mapping[str, Sequence[str]],
    topics: Topics,
) -> dict[str, frozenset[Slot]]:
    """Member id -> partitions, for all `members`. `before`: the last target, by member id."""
    subscribers: dict[str, Subscriber] = {}
    counts: dict[TopicId, int] = {}
    for member_id, member in members.items():
        known = [topics[name] for name in subscribed_topics(member, resolved) if name in topics]
        counts |= {topic.topic_id: len(topic.partitions) for topic in known}
        subscribers[member_id] = Subscriber(
            member.instance_id,
            frozenset(topic.topic_id for topic in known),
            before.get(member_id, frozenset()),
        )
    return ASSIGNORS[assignor](subscribers, counts)
