"""Topics that come into being because somebody looked for them (Q5, T1).

A topic named in Metadata is created when the client and `auto.create.topics.enable` allow it; an internal topic when
its coordinator is looked for. Creation is asked of the controller once, however many ask meanwhile. Kafka answers
UNKNOWN_TOPIC_OR_PARTITION [3] or COORDINATOR_NOT_AVAILABLE [15] and lets the client try again; in the `fast` profile
whoever asked waits until the topic has leaders, at most `WAIT_MS`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from minikafka.config import INTERNAL_TOPICS, internal_topic
from minikafka.types import CONTROLLER_ID, Now
from minikafka.wire.messages import create_topics as wire

if TYPE_CHECKING:
    from minikafka.broker.broker import Broker

VERSION: Final = 7
FROM_BROKER_DEFAULTS: Final = -1
WAIT_MS: Final = 2_000
TIMEOUT_MS: Final = 10_000


class AutoCreate:
    """Creations under way, and who waits for the topics."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker
        self._asked: set[str] = set()
        self._waiting: dict[int, tuple[tuple[str, ...], Callable[[Now], None]]] = {}
        self._next = 1

    def create(self, topics: list[str], now: Now) -> None:
        """Ask the controller for those not asked for yet."""
        fresh = [name for name in topics if name not in self._asked]
        if not fresh:
            return
        self._asked.update(fresh)
        request = wire.CreateTopicsRequest(
            topics=[self._creatable(name) for name in fresh], timeout_ms=TIMEOUT_MS
        )

        def replied(response: wire.CreateTopicsResponse, at: Now) -> None:
            self._asked.difference_update(fresh)

        def lost(why: str, at: Now) -> None:
            self._asked.difference_update(fresh)

        self._broker.peers.call(CONTROLLER_ID, request, VERSION, replied, lost, now, channel="create")

    def _creatable(self, name: str) -> wire.CreatableTopic:
        settings = self._broker.settings
        if name not in INTERNAL_TOPICS:
            return wire.CreatableTopic(
                name=name,
                num_partitions=settings.num_partitions,
                replication_factor=settings.default_replication_factor,
            )
        shape = internal_topic(name, settings, len(self._broker.image.unfenced_brokers()))
        return wire.CreatableTopic(
            name=name,
            num_partitions=shape.partitions,
            replication_factor=shape.replication_factor,
            configs=[
                wire.CreatableTopicConfig(name=key, value=value) for key, value in shape.configs.items()
            ],
        )

    def when_ready(self, topics: list[str], run: Callable[[Now], None], now: Now) -> None:
        """Run `run` once every topic of `topics` has a leader on each partition, or after `WAIT_MS`; at once when the
        profile is `faithful`, which lets the client retry."""
        if self._broker.settings.profile != "fast" or self._ready(topics):
            run(now)
            return
        waiter = self._next
        self._next += 1
        self._waiting[waiter] = (tuple(topics), run)
        self._broker.timers.set(
            ("auto-create", waiter), now.waiting_ms + WAIT_MS, lambda at: self._release(waiter, at)
        )

    def _ready(self, topics: list[str] | tuple[str, ...]) -> bool:
        image = self._broker.image
        return all(
            name in image.topics
            and all(state.leader >= 0 for state in image.topics[name].partitions.values())
            for name in topics
        )

    def image_changed(self, now: Now) -> None:
        """Let go whose topics are there now."""
        for waiter, (topics, _) in list(self._waiting.items()):
            if self._ready(topics):
                self._release(waiter, now)

    def _release(self, waiter: int, now: Now) -> None:
        entry = self._waiting.pop(waiter, None)
        if entry is not None:
            self._broker.timers.cancel(("auto-create", waiter))
            entry[1](now)
