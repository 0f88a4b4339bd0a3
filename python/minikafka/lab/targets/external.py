"""Any Kafka by its address, as clients and admin clients see it. Killing brokers is somebody else's command.

Nothing is left behind: brokers that a run killed are started again, topics it made are deleted, features set back.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Final

from confluent_kafka import KafkaException

from minikafka.lab.clients.admin import (
    brokers_of,
    create_topic,
    delete_topics,
    offsets_of,
    partition_of,
)
from minikafka.lab.clients.features import finalized_feature, set_feature
from minikafka.lab.errors import Inconclusive, Skipped
from minikafka.lab.scenario import Lever, Settings
from minikafka.lab.targets import Seen
from minikafka.types import BrokerId

TIMEOUT_S: Final = 60.0
"""Real brokers take seconds to start, and their sessions last longer than ours."""
BROKERS_S: Final = 10.0
"""For a broker that is still on its way; a cluster that never had more is known by then."""
POLL_S: Final = 0.1

Act = Callable[[BrokerId], None]
"""Kill a broker, or start it; returns when that is done."""


class External:
    """`kill` and `start`: None where nobody can."""

    def __init__(self, servers: str, kill: Act | None = None, start: Act | None = None) -> None:
        self.name = servers
        self.servers = servers
        self.levers = frozenset({Lever.FEATURES} | ({Lever.KILL} if kill and start else set()))
        self.suffix = f"-{uuid.uuid4().hex[:8]}"
        self._kill, self._start = kill, start
        self._dead: list[BrokerId] = []
        self._topics: list[str] = []

    @property
    def brokers(self) -> list[BrokerId]:
        return sorted({*brokers_of(self.servers), *self._dead})

    def wait_for_brokers(self, count: int) -> None:
        """Raises Inconclusive when nobody answers, Skipped when there are fewer: one may be on its way, for a while."""
        self._until(f"{self.servers} answers", lambda: bool(self.brokers))
        with suppress(Inconclusive):
            self._until(f"there are {count} brokers", lambda: len(self.brokers) >= count, BROKERS_S)
            return
        raise Skipped(f"{self.servers} has {len(self.brokers)} brokers, not {count}")

    def close(self) -> None:
        """Bring back what is dead, and take away what was made."""
        for broker in list(self._dead):
            self.start(broker)
        with suppress(KafkaException):
            delete_topics(self.servers, self._topics)

    def create_topic(
        self, name: str, partitions: int, replicas: int | list[list[BrokerId]], config: Settings
    ) -> None:
        create_topic(self.servers, name, partitions, replicas, config)
        self._topics.append(name)

    def look(self, topic: str, partition: int) -> Seen:
        found = partition_of(self.servers, topic, partition)
        return Seen(found.leader, tuple(sorted(found.isrs)), tuple(found.replicas))

    def kill(self, broker: BrokerId) -> None:
        if self._kill is None:
            raise Skipped(f"{self.name}: say how a broker is killed and started: --kill-cmd, --start-cmd")
        self._kill(broker)
        self._dead.append(broker)

    def start(self, broker: BrokerId) -> None:
        if broker not in self._dead or self._start is None:
            return
        self._start(broker)
        self._dead.remove(broker)
        self._until(f"broker {broker} is back", lambda: broker in brokers_of(self.servers))

    def wait_for_leader(self, topic: str, partition: int, other_than: BrokerId) -> BrokerId:
        self._until(
            f"somebody but {other_than} leads {topic}-{partition}",
            lambda: self.look(topic, partition).leader not in {other_than, -1},
        )
        return self.look(topic, partition).leader

    def wait_for_isr(self, topic: str, partition: int, isr: set[BrokerId]) -> None:
        self._until(
            f"{sorted(isr)} are in sync for {topic}-{partition}",
            lambda: set(self.look(topic, partition).isr) == isr,
        )

    def wait_for_end(self, topic: str, partition: int, offset: int) -> None:
        self._until(
            f"offset {offset} of {topic}-{partition} is replicated",
            lambda: offsets_of(self.servers, topic, partition)[0] >= offset,
        )

    def wait_for_all_visible(self, topic: str, partition: int) -> None:
        """As far as a client can tell: no transaction holds the last stable offset back."""

        def is_stable() -> bool:
            high_watermark, last_stable = offsets_of(self.servers, topic, partition)
            return high_watermark == last_stable

        self._until(f"every transaction in {topic}-{partition} has ended", is_stable)

    def _until(self, what: str, is_true: Callable[[], bool], timeout_s: float = TIMEOUT_S) -> None:
        deadline = time.monotonic() + timeout_s
        while True:
            with suppress(KafkaException):
                if is_true():
                    return
            if time.monotonic() > deadline:
                raise Inconclusive(f"not in {timeout_s:g} s: {what}")
            time.sleep(POLL_S)


@contextmanager
def external(
    servers: str, brokers: int, features: dict[str, int], kill: Act | None, start: Act | None
) -> Iterator[External]:
    """For one run, which needs so many brokers and these feature levels. Raises Skipped, Inconclusive."""
    target = External(servers, kill, start)
    target.wait_for_brokers(brokers)
    before = {name: finalized_feature(servers, name) for name in features}
    try:
        for name, level in features.items():
            set_feature(servers, name, level)
        yield target
    finally:
        try:
            target.close()
        finally:
            for name, level in before.items():
                set_feature(servers, name, level)
