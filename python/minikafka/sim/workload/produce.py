"""Idempotent producers, each with a partition of its own choosing, and consumers that read along."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from minikafka.checker.operation import Operation
from minikafka.sim.checker import consumer_view, loss
from minikafka.sim.client import Acknowledged, Producer
from minikafka.sim.consumer import Consumer
from minikafka.sim.promise import Promise
from minikafka.sim.workload.base import Final as FinalLogs
from minikafka.types import TopicPartition

if TYPE_CHECKING:
    from minikafka.sim.swarm import Settings
    from minikafka.sim.world import World


KEYS: Final = 5
"""Of one producer."""


def key_of(value: bytes) -> bytes:
    """Of the record with this value (`producer-number`): a few keys, no two producers' the same."""
    producer, number = value.split(b"-")
    return b"%s-%d" % (producer, int(number) % KEYS)


def still_promised(acknowledged: list[Acknowledged]) -> list[Acknowledged]:
    """What a compacted topic still owes: the last record of every key."""
    last = {key_of(one.value): one for one in acknowledged}
    return sorted(last.values(), key=lambda one: one.offset)


class ProduceWorkload:
    """See the module."""

    def __init__(self, world: World, settings: Settings, partitions: Sequence[TopicPartition]) -> None:
        self._is_compacted = world.settings.topic_defaults.is_compacted
        self._sent: dict[TopicPartition, list[list[bytes]]] = {}
        self._producers = []
        for index in range(settings.producers):
            values = [f"{index}-{number}".encode() for number in range(settings.records)]
            partition = partitions[index % len(partitions)]
            self._sent.setdefault(partition, []).append(values)
            self._producers.append(
                Producer(
                    world,
                    f"producer-{index}",
                    partition,
                    values,
                    world.fork(f"producer-{index}"),
                    key_of,
                    acks=settings.acks,
                    in_flight=settings.in_flight,
                )
            )
        self._consumers = [
            Consumer(
                world,
                f"consumer-{name.partition}",
                name,
                world.fork(f"consumer-{name}"),
                read_committed=False,
            )
            for name in list(partitions)[: settings.consumers]
        ]

    @property
    def is_done(self) -> bool:
        return all(producer.is_done for producer in self._producers)

    @property
    def acknowledged(self) -> int:
        return sum(len(producer.acknowledged) for producer in self._producers)

    def begin(self) -> None:
        for client in (*self._producers, *self._consumers):
            client.run()

    def healed(self) -> None:
        """It goes on to its end as before."""

    def history(self) -> list[Operation]:
        lines = [line for producer in self._producers for line in producer.history()]
        return lines + [line for consumer in self._consumers for line in consumer.history()]

    def judge(self, final: FinalLogs, promise: Promise) -> list[str]:
        violations = loss.check(
            [
                still_promised(producer.acknowledged) if self._is_compacted else producer.acknowledged
                for producer in self._producers
            ],
            final.records,
            final.starts,
            keeps_acknowledged=promise.keeps_acknowledged,
        )
        violations += loss.check_order(self._sent, final.records)
        if promise.keeps_acknowledged:
            violations += [producer.failed for producer in self._producers if producer.failed is not None]
        found = {name: dict(records) for name, records in final.records.items()}
        for consumer in self._consumers:
            violations += consumer.violations
            violations += consumer_view.check(
                consumer.name, consumer.seen, found, final.starts, keeps_committed=promise.keeps_committed
            )
        return violations
