"""The topics of the cluster, as a consumer group looks at them (G13).

A group must notice a new partition, a deleted topic, one re-created under its old name. It compares one number, the
hash of name, id and partition count of everything it is subscribed to, with the one it wrote when its epoch last
rose. (Kafka's hash also has the racks, and another function; whoever takes our log over sees a change, once.)
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from typing import Protocol, TypeAlias

from minikafka.types import TopicId


class Topic(Protocol):
    """What is asked of a topic; the metadata image's fits."""

    @property
    def topic_id(self) -> TopicId: ...
    @property
    def partitions(self) -> Mapping[int, object]: ...


Topics: TypeAlias = Mapping[str, Topic]
"""All topics, by name."""
CurrentTopics: TypeAlias = Callable[[], Topics]
"""The same mapping again while nothing changed."""


def metadata_hash(topics: Topics, names: Iterable[str]) -> int:
    """A signed 64-bit number; 0 when none of the topics exists."""
    known = [(name, topics[name]) for name in sorted(names) if name in topics]
    if not known:
        return 0
    digest = hashlib.blake2b(digest_size=8)
    for name, topic in known:
        digest.update(name.encode() + b"\0" + topic.topic_id + len(topic.partitions).to_bytes(4, "big"))
    return int.from_bytes(digest.digest(), "big", signed=True)
