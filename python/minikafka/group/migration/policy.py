"""`group.consumer.migration.policy`, and the two ways of naming a partition (G17).

| policy | a classic group becomes a consumer group | a consumer group becomes a classic group |
|---|---|---|
| bidirectional | when a KIP-848 member joins | when its last KIP-848 member goes |
| upgrade | when a KIP-848 member joins | never |
| downgrade | never | when its last KIP-848 member goes |
| disabled | never; nor may a classic member join a consumer group: [23] | never |

Empty groups change whatever the policy: there is nobody to be led over.

The classic protocol names topics, KIP-848 their ids: a topic that is gone has no place in the other's words.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from minikafka.group.consumer.member import Slot
from minikafka.group.consumer.records import by_topic
from minikafka.group.consumer.topics import Topics
from minikafka.group.migration.embedded import Rows

UPGRADES: Final = frozenset({"bidirectional", "upgrade"})
DOWNGRADES: Final = frozenset({"bidirectional", "downgrade"})
DISABLED: Final = "disabled"


def to_slots(rows: Rows, topics: Topics) -> frozenset[Slot]:
    """Partitions by topic id."""
    return frozenset(
        Slot(topics[name].topic_id, partition)
        for name, partitions in rows.items()
        if name in topics
        for partition in partitions
    )


def to_rows(slots: Iterable[Slot], topics: Topics) -> list[tuple[str, list[int]]]:
    """Partitions by topic name, in order of names."""
    names = {topic.topic_id: name for name, topic in topics.items()}
    rows = [(names[topic_id], indexes) for topic_id, indexes in by_topic(slots).items() if topic_id in names]
    return sorted(rows)
