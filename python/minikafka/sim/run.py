"""One simulated run: a cluster, clients, misfortunes, and at the end the verdict of every checker.

    minikafka sim --seed N

The seed decides everything: the configuration (`swarm.py`), the schedule of misfortunes (`schedule.py`), and every
delay and choice in between. What may then go wrong follows from the configuration (`promise.py`).
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from minikafka.checker.operation import Operation
from minikafka.config import ConfigValue
from minikafka.log.batch import crc32c, read_records
from minikafka.sim import nemesis, schedule, swarm
from minikafka.sim.checker import metadata, replicas_agree
from minikafka.sim.nemesis import TOPIC, Misfortune
from minikafka.sim.observe import Observer
from minikafka.sim.promise import Promise, promise_of
from minikafka.sim.schedule import Strike
from minikafka.sim.swarm import Settings
from minikafka.sim.workload.base import Final as FinalLogs
from minikafka.sim.workload.base import Workload
from minikafka.sim.workload.groups import GroupWorkload
from minikafka.sim.workload.produce import ProduceWorkload
from minikafka.sim.workload.transactions import TransactionWorkload
from minikafka.sim.world import World
from minikafka.types import BrokerId, TopicPartition

NO_CONFIG: Final[Mapping[str, ConfigValue]] = MappingProxyType({})
READY_WITHIN_MS: Final = 20_000
DONE_WITHIN_MS: Final = 120_000
WORKLOADS: Final[Mapping[str, Callable[[World, Settings, Sequence[TopicPartition]], Workload]]] = (
    MappingProxyType(
        {
            swarm.PRODUCE: ProduceWorkload,
            swarm.TRANSACTIONS: TransactionWorkload,
            swarm.GROUPS: GroupWorkload,
        }
    )
)


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
    config: Mapping[str, ConfigValue] = NO_CONFIG,
    durability: str = "page-cache",
    misfortunes: Sequence[Misfortune] = nemesis.ONE_AT_A_TIME,
) -> Report:
    """The plain world: three replicas, min ISR 2, acks=all, one misfortune at a time. `config`: of brokers."""
    names = tuple(one.name for one in misfortunes)
    return simulate(seed, Settings(durability=durability, misfortunes=names), config=config)


def simulate(
    seed: int,
    settings: Settings | None = None,
    strikes: Sequence[Strike] | None = None,
    *,
    config: Mapping[str, ConfigValue] = NO_CONFIG,
    trace: bool = False,
) -> Report:
    """Simulate the world of `seed`, with its own settings and schedule or with these. An exception out of a node is a
    violation: a broken invariant halts a broker, and none should break."""
    return Run(seed, settings, strikes, config=config, trace=trace).report()


class Run:
    """The parts of one run."""

    def __init__(
        self,
        seed: int,
        settings: Settings | None = None,
        strikes: Sequence[Strike] | None = None,
        *,
        config: Mapping[str, ConfigValue] = NO_CONFIG,
        trace: bool = False,
    ) -> None:
        self.settings = settings = swarm.draw(seed) if settings is None else settings
        self.world = world = World(
            seed,
            brokers=swarm.BROKERS,
            config={**settings.broker_config(), **config},
            durability=settings.durability,
            features=settings.features(),
            trace=trace,
        )
        if strikes is None:
            strikes = schedule.draw(
                world.fork("nemesis"), settings.misfortunes, world.brokers, together=bool(settings.together)
            )
        nemesis.check(strikes, world.brokers)
        self.strikes = list(strikes)
        self.partitions = [TopicPartition(TOPIC, index) for index in range(settings.partitions)]
        self._observer = Observer(world, settings, self.partitions)
        self._nemesis = nemesis.Nemesis(world, self.strikes, self._is_whole)
        self._workload = WORKLOADS[settings.workload](world, settings, self.partitions)
        self._report = Report(seed)

    def history(self) -> list[Operation]:
        """What the clients did and were told, for the client-side checker; without a final read."""
        return self._workload.history()

    def report(self) -> Report:
        """Live through it. Once."""
        try:
            self._live()
            self._judge()
        except Exception as error:  # noqa: BLE001 - whatever a node throws is what we are looking for
            where = traceback.extract_tb(error.__traceback__)[-1]
            name = f"{where.filename.rpartition('minikafka/')[2]}:{where.lineno}"
            self._report.violations.append(f"crash: {type(error).__name__} at {name}: {error}")
        self._report.struck = self._nemesis.struck
        self._report.acknowledged = self._workload.acknowledged
        self._report.simulated_ms = self.world.clock.now_us // 1000
        return self._report

    def _live(self) -> None:
        world, settings = self.world, self.settings
        world.start()
        self._expect(world.run_until(world.all_running, READY_WITHIN_MS), "the cluster did not start")
        world.admin().create_topic(
            TOPIC,
            partitions=settings.partitions,
            replication_factor=settings.replication_factor,
            configs=settings.topic_config(),
        )
        self._expect(world.run_until(self._is_whole, READY_WITHIN_MS), "the topic did not become whole")
        self._workload.begin()
        self._nemesis.run()
        if world.run_until(lambda: self._nemesis.is_done, DONE_WITHIN_MS):
            self._workload.healed()
        self._expect(world.run_until(self._is_done, DONE_WITHIN_MS), "the world did not come to rest")

    def _expect(self, came_true: bool, otherwise: str) -> None:
        if not came_true:
            self._report.violations.append(f"stuck: {otherwise} by {self.world.clock.now_us // 1000} ms")

    def _leader(self, name: TopicPartition) -> BrokerId | None:
        """Whose replica leads with its full ISR."""
        world = self.world
        for node in world.brokers:
            replica = world.replica(node, name)
            if (
                replica is not None
                and replica.is_leader
                and len(replica.isr) == self.settings.replication_factor
            ):
                return node
        return None

    def _is_whole(self) -> bool:
        """Every broker runs and every partition has its full ISR, as its leader sees it."""
        world = self.world
        if world.controller() is None or not world.all_running():
            return False
        return all(self._leader(name) is not None for name in self.partitions)

    def _is_done(self) -> bool:
        return self._nemesis.is_done and self._workload.is_done and self._is_whole() and self._is_level()

    def _is_level(self) -> bool:
        """Followers have everything and know that it is committed, and every broker has all of the metadata."""
        world = self.world
        controller = world.controller()
        offsets = {
            broker.image.offset for node in world.brokers if (broker := world.broker(node)) is not None
        }
        if controller is None or offsets != {controller.image.offset}:
            return False
        for name in self.partitions:
            replicas = [world.replica(node, name) for node in world.brokers]
            ends = {
                offset
                for replica in replicas
                if replica is not None
                for offset in (replica.high_watermark, replica.log.log_end_offset)
            }
            if len(ends) != 1:
                return False
        return True

    def _judge(self) -> None:
        world, observer = self.world, self._observer
        promise = promise_of(self.settings)
        if promise.unless_unclean and observer.isr.unclean:
            promise = Promise(keeps_committed=False, keeps_acknowledged=False, unless_unclean=True)
        found = self._report.violations
        final = self._final_logs()
        found += self._workload.judge(final, promise)
        found += observer.violations
        found += self._check_metadata()
        found += [
            f"node {host.node_id} halted: {host.halted}" for host in world.hosts.values() if host.halted
        ]

    def _final_logs(self) -> FinalLogs:
        world = self.world
        data, records, starts = {}, {}, {}
        digest = 0
        for name in self.partitions:
            replicas = {
                node: replica for node in world.brokers if (replica := world.replica(node, name)) is not None
            }
            self._report.violations += replicas_agree.check(replicas)
            leader = self._leader(name)
            if leader is None:
                continue
            log = replicas[leader].log
            starts[name] = log.log_start_offset
            data[name] = replicas_agree.content(replicas[leader], log.log_start_offset, log.log_end_offset)
            self._report.holes += log.log_end_offset - len(read_records(data[name]))
            records[name] = [
                (record.offset, record.value)
                for record in read_records(data[name])
                if record.value is not None and record.offset >= starts[name]
            ]
            digest = crc32c(data[name], digest)
        self._report.digest = f"{digest:08x}"
        return FinalLogs(data, records, starts)

    def _check_metadata(self) -> list[str]:
        world = self.world
        controller = world.controller()
        if controller is None:
            return ["metadata: there is no controller"]
        brokers = {node: broker.image for node in world.brokers if (broker := world.broker(node)) is not None}
        replicas = {
            (node, name): replica
            for node in world.brokers
            for name in self.partitions
            if (replica := world.replica(node, name)) is not None
        }
        return [
            *metadata.check(controller.image, brokers),
            *metadata.check_roles(controller.image, self.partitions, replicas),
        ]
