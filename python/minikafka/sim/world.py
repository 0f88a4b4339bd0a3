"""A whole cluster in one seed: nodes, network, disks and time, none of them real but the code under test.

Everything random is drawn from generators forked from one seed by name, so that adding a choice in one place does not
change the choices of another. Same seed, same world, event for event.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from random import Random
from typing import Final

from minikafka._core import Disk
from minikafka.broker.broker import Broker, Identity
from minikafka.broker.controller_node import ControllerIdentity, ControllerNode
from minikafka.broker.peers import Endpoint
from minikafka.config import BrokerSettings, ConfigValue, profile_values
from minikafka.controller.image import TopicImage
from minikafka.history import History
from minikafka.log.port import Disk as DiskPort
from minikafka.partition.partition import Partition
from minikafka.sim.admin import Admin
from minikafka.sim.clock import Clock
from minikafka.sim.host import Host
from minikafka.sim.network import Network
from minikafka.trace import Trace
from minikafka.types import CONTROLLER_ID, BrokerId, TopicPartition

CLUSTER_ID: Final = "simulated-cluster-aaaa"


def directory_of(node: BrokerId) -> str:
    """Each node's own, on its own disk."""
    return f"/node-{node}"


class World:
    """Brokers 1 to n and a controller. `fork(name)` gives a generator of its own to every part."""

    def __init__(
        self,
        seed: int,
        *,
        brokers: int = 3,
        config: Mapping[str, ConfigValue] | None = None,
        durability: str = "page-cache",
        features: Mapping[str, int] | None = None,
        trace: bool = False,
    ) -> None:
        """`features`: levels the new cluster starts with, where not the highest. `trace`: record every node's events in
        `history`."""
        self.seed = seed
        self.history = History()
        self._trace = trace
        self._traces: dict[BrokerId, Trace] = {}
        self.clock = Clock()
        self.network = Network(self.clock, self.fork("network"))
        self.durability = durability
        values = {**profile_values("fast", brokers), **(config or {})}
        self.settings = BrokerSettings(profile="fast").with_overrides(values)
        self._features = dict(features or {})
        self._topics: Mapping[str, TopicImage] = {}
        self._admins = 0
        self.hosts: dict[BrokerId, Host] = {}
        self._disks: dict[BrokerId, Disk] = {}
        for node in (CONTROLLER_ID, *range(1, brokers + 1)):
            make = self._controller if node == CONTROLLER_ID else self._broker(node)
            random = self.fork(f"node-{node}")
            disk = self._disks[node] = Disk.simulated(random.getrandbits(32))
            self.hosts[node] = Host(self, node, disk, make, random)

    def fork(self, name: str) -> Random:
        """A generator that depends on the seed and on `name` alone."""
        return Random(f"{self.seed}/{name}")

    @property
    def brokers(self) -> list[BrokerId]:
        return [node for node in self.hosts if node != CONTROLLER_ID]

    def trace_of(self, node: BrokerId) -> Trace:
        """One for all lives of `node`."""
        return self._traces.setdefault(node, Trace(on=self._trace))

    def left(self, node: BrokerId, answers: Sequence[int]) -> None:
        """The network has the bytes of these answers: a client may know of them soon."""
        trace = self.trace_of(node)
        trace.event("left", "L14", None, answers[0], acks=answers)
        self.history.record(node, trace.take())

    def _controller(self, disk: DiskPort, random: Random) -> ControllerNode:
        return ControllerNode(
            ControllerIdentity(CLUSTER_ID, self._features),
            self.settings,
            disk,
            directory_of(CONTROLLER_ID),
            new_uuid=lambda: random.randbytes(16),
            trace=self.trace_of(CONTROLLER_ID),
        )

    def _broker(self, node: BrokerId) -> Callable[[DiskPort, Random], Broker]:
        def make(disk: DiskPort, random: Random) -> Broker:
            identity = Identity(
                broker_id=node,
                cluster_id=CLUSTER_ID,
                incarnation_id=random.randbytes(16),
                directory_id=Random(f"{self.seed}/directory-{node}").randbytes(16),
                client_host=f"node-{node}",
                client_port=9092,
                internal_host=f"node-{node}",
                internal_port=9093,
            )
            return Broker(
                identity,
                self.settings,
                disk,
                directory_of(node),
                Endpoint("controller", 9093),
                durability=self.durability,
                new_uuid=lambda: random.randbytes(16),
                trace=self.trace_of(node),
            )

        return make

    def start(self) -> None:
        for host in self.hosts.values():
            host.start()

    # Looking in.

    def broker(self, node: BrokerId) -> Broker | None:
        """The living broker node, for looking at."""
        found = self.hosts[node].node
        return found if isinstance(found, Broker) else None

    def controller(self) -> ControllerNode | None:
        found = self.hosts[CONTROLLER_ID].node
        return found if isinstance(found, ControllerNode) else None

    def topics(self) -> Mapping[str, TopicImage]:
        """As the controller knows them, or knew them when it was last looked at."""
        controller = self.controller()
        if controller is not None:
            self._topics = controller.image.topics
        return self._topics

    def replica(self, node: BrokerId, name: TopicPartition) -> Partition | None:
        broker = self.broker(node)
        return None if broker is None else broker.replicas.get(name)

    def run_until(self, done: Callable[[], bool], within_ms: int) -> bool:
        """Let the world go on until `done`, at most `within_ms`; whether it came true."""
        return self.clock.run_until(self.clock.now_us + within_ms * 1000, done)

    def all_running(self) -> bool:
        """Every broker is up, unfenced and knows it."""
        return all((broker := self.broker(node)) is not None and broker.is_running for node in self.brokers)

    # Levers.

    def disk(self, node: BrokerId) -> Disk:
        """For filling it, and for making it fail."""
        return self._disks[node]

    def lose_power(self, host: Host, seed: int | None) -> None:
        self._disks[host.node_id].power_loss(directory_of(host.node_id), seed)

    def admin(self) -> Admin:
        """Somebody new who asks the cluster for something."""
        self._admins += 1
        return Admin(self, f"admin-{self._admins}", self.fork(f"admin-{self._admins}"))
