"""What the `minikafka` fixture gives a test: everything a `Cluster` has, under names of the test's own.

    orders = minikafka.topic("orders", partitions=3)      # orders.name is orders-test_it-3f9a1c02
    consumer = Consumer(minikafka.client_config("confluent") | {"group.id": minikafka.group_id("billing")})

The same short name means the same long one throughout a test, also in `wait(topic=...)` and `group(...)`. A name that
the test did not get here is taken as it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Self, cast

from minikafka import Cluster
from minikafka.pytest_plugin.external import External
from minikafka.pytest_plugin.names import Names
from minikafka.runtime.spec import TopicSpec

if TYPE_CHECKING:
    from minikafka.config import ConfigValue
    from minikafka.history import Event
    from minikafka.testing.groups import GroupHandle
    from minikafka.testing.topics import TopicHandle

    Everything = Cluster  # for type checkers: whatever is not below is the cluster's
else:
    Everything = object


class Kafka(Everything):
    """A cluster, or a running Kafka, as one test sees it."""

    def __init__(self, behind: Cluster | External, names: Names) -> None:
        self._behind = behind
        self._names = names
        self._events_before = 0 if isinstance(behind, External) else behind.last_seq

    def topic_name(self, name: str = "topic") -> str:
        """The test's own name for a topic; nothing is created."""
        return self._names.unique(name)

    def group_id(self, name: str = "group") -> str:
        """The test's own `group.id`."""
        return self._names.unique(name)

    def transactional_id(self, name: str = "transactions") -> str:
        """The test's own `transactional.id`."""
        return self._names.unique(name)

    def topic(
        self,
        name: str = "topic",
        *,
        partitions: int | None = None,
        replication_factor: int | None = None,
        config: Mapping[str, ConfigValue] | None = None,
    ) -> TopicHandle:
        """As `Cluster.topic`, under this test's own name for it, which is the handle's `name`."""
        topic = self._behind.topic(
            self._names.unique(name),
            partitions=partitions,
            replication_factor=replication_factor,
            config=config,
        )
        return cast("TopicHandle", topic)

    def with_topics(self, topics: Iterable[str]) -> Self:
        """Create those of a marker, each as `NAME[:PARTITIONS[:RF]]`."""
        for text in topics:
            spec = TopicSpec.parse(text)
            self.topic(
                spec.name,
                partitions=_given(spec.partitions),
                replication_factor=_given(spec.replication_factor),
            )
        return self

    def group(self, group_id: str) -> GroupHandle:
        """As `Cluster.group`."""
        return self._behind.group(self._names.known(group_id))

    def wait(self, *, timeout: float = 10.0, **conditions: Any) -> None:
        """As `Cluster.wait`."""
        if "topic" in conditions:
            conditions["topic"] = self._names.known(conditions["topic"])
        self._behind.wait(timeout=timeout, **conditions)

    def events(self, *, after: int = 0) -> list[Event]:
        """As `Cluster.events`, since this test began."""
        return self._behind.events(after=max(after, self._events_before))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._behind, name)

    def __repr__(self) -> str:
        return f"<minikafka at {self._behind.bootstrap_servers}>"


def _given(number: int) -> int | None:
    """None where a `TopicSpec` leaves it to the broker."""
    return None if number < 0 else number
