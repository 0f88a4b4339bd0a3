"""One simulated run: a cluster, producers, misfortunes, and at the end the verdict of every checker.

python -m minikafka sim --seed N
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from minikafka.config import ConfigValue
from minikafka.log.batch import crc32c, read_records
from minikafka.sim import nemesis
from minikafka.sim.checker import loss, replicas_agree
from minikafka.sim.checker.high_watermark import HighWatermarks
from minikafka.sim.client import Acknowledged, Producer
from minikafka.sim.world import World
from minikafka.types import TopicPartition

TOPIC: Final = "orders"
PARTITIONS: Final = 2
PRODUCERS: Final = 3
RECORDS: Final = 100
KEYS: Final = 5
"""Of one producer."""
TROUBLE_MS: Final = 8_000
READY_WITHIN_MS: Final = 20_000
DONE_WITHIN_MS: Final = 120_000
LOOK_EVERY_US: Final = 2_000


def key_of(value: bytes) -> bytes:
    """Of the record with this value (`producer-number`): a few keys, no two producers' the same."""
    producer, number = value.split(b"-")
    return b"%s-%d" % (producer, int(number) % KEYS)


@dataclass
class Report:
    """What happened. `violations` is empty when every promise was kept."""

    seed: int
    violations: list[str] = field(default_factory=list)
    struck: list[str] = field(default_factory=list)
    acknowledged: int = 0
    simulated_ms: int = 0
    digest: str = ""
    """Of the final logs: two runs of one seed must agree on it."""
    holes: int = 0
    """Offsets without a record any more."""


def run(
    seed: int,
    *,
    config: Mapping[str, ConfigValue] | None = None,
    durability: str = "page-cache",
    misfortunes: tuple[nemesis.Misfortune, ...] = nemesis.ONE_AT_A_TIME,
) -> Report:
    """Simulate one world. Raises AssertionError for a broken invariant inside a node."""
    values = {"min.insync.replicas": 2, "num.partitions": PARTITIONS, **(config or {})}
    world = World(seed, config=values, durability=durability)
    return Run(world, misfortunes).report()


class Run:
    """The parts of one run."""

    def __init__(self, world: World, misfortunes: tuple[nemesis.Misfortune, ...]) -> None:
        self._world = world
        self._partitions = [TopicPartition(TOPIC, index) for index in range(PARTITIONS)]
        self._watermarks = HighWatermarks()
        self._report = Report(world.seed)
        self._producers: list[Producer] = []
        self._nemesis = nemesis.Nemesis(
            world, world.fork("nemesis"), misfortunes, self._is_whole, TROUBLE_MS * 1000
        )

    def report(self) -> Report:
        world = self._world
        world.start()
        self._expect(world.run_until(world.all_running, READY_WITHIN_MS), "the cluster did not start")
        self._create_topic()
        self._expect(world.run_until(self._is_whole, READY_WITHIN_MS), "the topic did not become whole")
        for index in range(PRODUCERS):
            values = [f"{index}-{number}".encode() for number in range(RECORDS)]
            producer = Producer(
                world,
                f"producer-{index}",
                self._partitions[index % PARTITIONS],
                values,
                world.fork(f"producer-{index}"),
                key_of,
            )
            self._producers.append(producer)
            producer.run()
        self._nemesis.run()
        self._look()
        self._expect(world.run_until(self._is_done, DONE_WITHIN_MS), "the world did not come to rest")
        self._judge()
        return self._report

    def _expect(self, came_true: bool, otherwise: str) -> None:
        if not came_true:
            self._report.violations.append(f"stuck: {otherwise} by {self._world.clock.now_us // 1000} ms")

    def _create_topic(self) -> None:
        broker = self._world.broker(self._world.brokers[0])
        assert broker is not None
        host = self._world.hosts[broker.broker_id]
        host.ask(lambda now: broker.auto_create.create([TOPIC], now))

    def _is_whole(self) -> bool:
        """Every broker runs and every partition has its full ISR, as its leader sees it."""
        world = self._world
        if world.controller() is None or not world.all_running():
            return False
        return all(
            any(
                replica.is_leader and len(replica.isr) == len(world.brokers)
                for node in world.brokers
                if (replica := world.replica(node, name)) is not None
            )
            for name in self._partitions
        )

    def _is_done(self) -> bool:
        return (
            self._nemesis.is_done
            and all(producer.is_done for producer in self._producers)
            and self._is_whole()
            and self._is_level()
        )

    def _is_level(self) -> bool:
        """Followers have everything, and know that it is committed."""
        for name in self._partitions:
            replicas = [self._world.replica(node, name) for node in self._world.brokers]
            marks = {
                (replica.high_watermark, replica.log.log_end_offset) for replica in replicas if replica is not None
            }
            if len(marks) != 1 or len({*marks.copy().pop()}) != 1:
                return False
        return True

    def _still_promised(self, acknowledged: list[Acknowledged]) -> list[Acknowledged]:
        """All of it; on a compacted topic the last record of every key."""
        if not self._world.settings.topic_defaults.is_compacted:
            return acknowledged
        last = {key_of(one.value): one for one in acknowledged}
        return sorted(last.values(), key=lambda one: one.offset)

    def _look(self) -> None:
        for node in self._world.brokers:
            for name in self._partitions:
                replica = self._world.replica(node, name)
                if replica is not None:
                    self._watermarks.look(node, self._world.hosts[node].life, replica)
        self._world.clock.after(LOOK_EVERY_US, self._look)

    def _judge(self) -> None:
        world = self._world
        found = {}
        digest = 0
        for name in self._partitions:
            replicas = {
                node: replica for node in world.brokers if (replica := world.replica(node, name)) is not None
            }
            self._report.violations += replicas_agree.check(replicas)
            leader = next((replica for replica in replicas.values() if replica.is_leader), None)
            if leader is not None:
                data = replicas_agree.content(leader, leader.log.log_start_offset, leader.log.log_end_offset)
                self._report.holes += leader.log.log_end_offset - len(read_records(data))
                found[name] = [
                    (record.offset, record.value) for record in read_records(data) if record.value is not None
                ]
                digest = crc32c(data, digest)
        promises = [self._still_promised(one.acknowledged) for one in self._producers]
        self._report.violations += loss.check(promises, found)
        self._report.violations += self._watermarks.violations
        self._report.violations += [one.failed for one in self._producers if one.failed is not None]
        halted = [f"node {host.node_id} halted: {host.halted}" for host in world.hosts.values() if host.halted]
        self._report.violations += halted
        self._report.struck = self._nemesis.struck
        self._report.acknowledged = sum(len(one.acknowledged) for one in self._producers)
        self._report.simulated_ms = world.clock.now_us // 1000
        self._report.digest = f"{digest:08x}"
