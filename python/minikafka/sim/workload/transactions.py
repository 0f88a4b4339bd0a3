"""Transactional producers over all partitions, and read_committed consumers that read along (T, F1, T10, T11)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from minikafka.checker.operation import Operation
from minikafka.sim.checker import consumer_view, last_stable, read_committed
from minikafka.sim.consumer import Consumer
from minikafka.sim.promise import Promise, promise_of
from minikafka.sim.transactional import TransactionalProducer
from minikafka.sim.workload.base import Final
from minikafka.types import TopicPartition

if TYPE_CHECKING:
    from minikafka.sim.swarm import Settings
    from minikafka.sim.world import World

RECORDS_PER_TRANSACTION = 3


class TransactionWorkload:
    """See the module."""

    def __init__(self, world: World, settings: Settings, partitions: Sequence[TopicPartition]) -> None:
        self._world = world
        self._partitions = partitions
        self._settles = promise_of(settings).keeps_acknowledged
        count = max(1, settings.records // RECORDS_PER_TRANSACTION)
        self._producers = [
            TransactionalProducer(
                world,
                f"t{each}",
                list(partitions),
                count,
                world.fork(f"t{each}"),
                version=settings.transaction_version,
                late_ends=settings.late_ends,
                late_batches=settings.late_batches,
            )
            for each in range(settings.producers)
        ]
        self._consumers = [
            Consumer(
                world, f"consumer-{name.partition}", name, world.fork(f"consumer-{name}"), read_committed=True
            )
            for name in (partitions if settings.consumers else ())
        ]

    @property
    def is_done(self) -> bool:
        """And no transaction is open: what a producer left behind was fenced, or timed out (T13). Where the coordinator
        may have lost one, it may hang (T14)."""
        if not all(producer.is_done for producer in self._producers):
            return False
        return not self._settles or all(
            replica.last_stable_offset == replica.high_watermark
            for node in self._world.brokers
            for name in self._partitions
            if (replica := self._world.replica(node, name)) is not None
        )

    @property
    def acknowledged(self) -> int:
        return sum(attempt.committed is True for producer in self._producers for attempt in producer.attempts)

    def begin(self) -> None:
        for client in (*self._producers, *self._consumers):
            client.run()

    def healed(self) -> None:
        """It goes on to its end as before."""

    def history(self) -> list[Operation]:
        lines = [line for producer in self._producers for line in producer.history()]
        return lines + [line for consumer in self._consumers for line in consumer.history()]

    def judge(self, final: Final, promise: Promise) -> list[str]:
        """Where a committed record may be lost, so may a marker or the coordinator's own records: nothing follows."""
        if not promise.keeps_acknowledged:
            return []
        attempts = [one for producer in self._producers for one in producer.attempts]
        violations = read_committed.check(attempts, final.data)
        found = {
            name: {offset: value for offset, value in final.records[name] if value in visible}
            for name, data in final.data.items()
            for visible in (read_committed.visible(data),)
        }
        for consumer in self._consumers:
            violations += [*consumer.violations, *last_stable.check(consumer.told, final.data)]
            violations += consumer_view.check(
                consumer.name, consumer.seen, found, final.starts, keeps_committed=True
            )
        return violations
