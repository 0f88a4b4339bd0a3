"""What a scenario runs on: brokers of our own, with every lever, or any Kafka by its address."""

from __future__ import annotations

from typing import NamedTuple, Protocol

from minikafka.lab.scenario import Lever, Settings
from minikafka.types import BrokerId

TIMEOUT_S = 30.0


class Seen(NamedTuple):
    """A partition, as metadata has it. leader: -1 while there is none."""

    leader: BrokerId
    isr: tuple[BrokerId, ...]
    replicas: tuple[BrokerId, ...]


class Target(Protocol):
    """A running cluster of three brokers. Everything waits for what it says it did, and raises Inconclusive if that
    does not come about."""

    name: str
    levers: frozenset[Lever]
    suffix: str
    """Of the names of topics, groups and transactional ids, so that runs on a lasting cluster do not meet."""

    @property
    def servers(self) -> str: ...

    @property
    def brokers(self) -> list[BrokerId]:
        """Those of the cluster, dead or alive."""
        ...

    def create_topic(
        self, name: str, partitions: int, replicas: int | list[list[BrokerId]], config: Settings
    ) -> None:
        """`replicas`: how many, or per partition which, the first of which leads."""
        ...

    def look(self, topic: str, partition: int) -> Seen: ...

    def kill(self, broker: BrokerId) -> None: ...

    def start(self, broker: BrokerId) -> None: ...

    def wait_for_leader(self, topic: str, partition: int, other_than: BrokerId) -> BrokerId: ...

    def wait_for_all_visible(self, topic: str, partition: int) -> None: ...

    def wait_for_end(self, topic: str, partition: int, offset: int) -> None: ...

    def wait_for_isr(self, topic: str, partition: int, isr: set[BrokerId]) -> None: ...
