"""From a handler to the coordinator of a group: which shard, and what goes wrong before it is reached."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Generic, TypeVar
from uuid import UUID

from minikafka.controller.image import MetadataImage
from minikafka.coordinator.parked import Reject
from minikafka.coordinator.shard import Result
from minikafka.effects import TimerKey
from minikafka.errors import Rejected
from minikafka.group.shard import GroupShard
from minikafka.types import Now, TopicId

if TYPE_CHECKING:
    from minikafka.broker.broker import Broker

T = TypeVar("T")
Put = Callable[[T], None]
"""Takes one part of an answer, once."""


def new_shard(broker: Broker) -> GroupShard:
    """The coordinator of one `__consumer_offsets` partition, with nothing replayed yet."""

    def new_member_id(prefix: str) -> str:
        return f"{prefix}-{UUID(bytes=broker.new_uuid())}"

    def configs(group_id: str) -> Mapping[str, str]:
        return broker.image.group_configs(group_id)

    return GroupShard(
        broker.settings,
        new_member_id,
        lambda: broker.image.topics,
        configs,
        broker.trace,
    )


def write(
    broker: Broker,
    group_id: str,
    operation: Callable[[GroupShard, Now], Result[T]],
    answer: Callable[[T, Now], None],
    reject: Reject,
    now: Now,
) -> None:
    """Let the coordinator of `group_id` decide. Refusals come through `reject`: the operation's own and, before it,
    COORDINATOR_NOT_AVAILABLE [15], NOT_COORDINATOR [16], COORDINATOR_LOAD_IN_PROGRESS [14].
    """
    try:
        index = broker.groups.partition_for(group_id)
    except Rejected as refusal:
        reject(refusal, now)
        return
    broker.groups.write(index, operation, answer, reject, now)


def read(
    broker: Broker,
    group_id: str,
    operation: Callable[[GroupShard, Now], T],
    answer: Callable[[T, Now], None],
    reject: Reject,
    now: Now,
) -> None:
    """Ask the coordinator of `group_id`; refusals as for `write`."""
    try:
        index = broker.groups.partition_for(group_id)
    except Rejected as refusal:
        reject(refusal, now)
        return
    broker.groups.read(index, operation, answer, reject, now)


def forget_deleted_topics(broker: Broker, old: MetadataImage, now: Now) -> None:
    """The image moved on from `old`: drop the offsets of topics that are gone, or are another topic now (G10).

    One that fails to be written, or is missed by a coordinator still loading, expires like any other.
    """
    if old.topics is broker.image.topics:
        return
    for topic in old.topics.values():
        known = broker.image.topic(topic.name)
        if known is not None and known.topic_id == topic.topic_id:
            continue
        for index, _ in broker.groups.shards():
            operation = partial(_forget_topic, topic.name, topic.topic_id)
            broker.groups.write(index, operation, _nobody_waits, _nobody_waits, now)


def kept_timers(broker: Broker) -> list[TimerKey]:
    """The timers of group members whose connection is open."""
    is_open = broker.group_connections.is_open
    return [
        ("coordinator", broker.groups.topic, index, *key)
        for index, shard in broker.groups.shards()
        for key in shard.timers_of(is_open)
    ]


def _forget_topic(topic: str, topic_id: TopicId, shard: GroupShard, now: Now) -> Result[None]:
    return shard.forget_topic(topic, topic_id, now)


def _nobody_waits(_: object, __: Now) -> None:
    """The answer to what no client asked for."""


class Gather(Generic[T]):
    """The parts of one answer that come from several coordinators; told, in order, when the last has come."""

    def __init__(self, count: int, tell: Callable[[Sequence[T]], None]) -> None:
        """`tell` is called at once when there is nothing to wait for."""
        self._parts: dict[int, T] = {}
        self._count = count
        self._tell = tell
        if count == 0:
            tell([])

    def put(self, index: int, part: T) -> None:
        """Part `index` (0 to count-1), once each."""
        assert index not in self._parts
        self._parts[index] = part
        if len(self._parts) == self._count:
            self._tell([self._parts[at] for at in range(self._count)])
