"""The uniform assignor, the default: as even as subscriptions allow, moving as little as possible (G16).

1. Everyone keeps what it had and still reads.
2. Free partitions go to whoever reads the topic and has least.
3. While someone has two more than another who could read one of its partitions, that partition moves.

With equal subscriptions every member ends with floor or ceiling of partitions/members, and only the surplus moved.
Each move of step 3 makes the sum of squares smaller, so it ends. Ties go by member id: equal input, equal output.
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
    readers = {
        topic_id: [member for member in sorted(subscribers) if topic_id in subscribers[member].topics]
        for topic_id in partition_counts
    }
    slots = [
        Slot(topic, index) for topic in sorted(partition_counts) for index in range(partition_counts[topic])
    ]
    target = _kept(subscribers, frozenset(slots))
    taken = set[Slot]().union(*target.values())
    for slot in slots:
        if slot not in taken and readers[slot.topic_id]:
            target[min(readers[slot.topic_id], key=lambda member: (len(target[member]), member))].add(slot)
    while _move_one(target, readers):
        pass
    return {member: frozenset(owned) for member, owned in target.items()}


def _kept(subscribers: Mapping[str, Subscriber], exist: frozenset[Slot]) -> dict[str, set[Slot]]:
    """Nothing is kept twice, even if the log says that two members had it."""
    free = set(exist)
    kept: dict[str, set[Slot]] = {}
    for member in sorted(subscribers):
        subscriber = subscribers[member]
        kept[member] = {slot for slot in subscriber.before & free if slot.topic_id in subscriber.topics}
        free -= kept[member]
    return kept


def _move_one(target: dict[str, set[Slot]], readers: Mapping[TopicId, list[str]]) -> bool:
    """From whoever has most to whoever could have it and has at least two fewer; False: it is even."""
    for giver in sorted(target, key=lambda member: (-len(target[member]), member)):
        topics = sorted({slot.topic_id for slot in target[giver]})
        takers = {member: topic for topic in reversed(topics) for member in readers[topic]}
        taker = min(takers, key=lambda member: (len(target[member]), member), default=giver)
        if len(target[giver]) - len(target[taker]) >= 2:
            moved = max(slot for slot in target[giver] if slot.topic_id == takers[taker])
            target[giver].remove(moved)
            target[taker].add(moved)
            return True
    return False
