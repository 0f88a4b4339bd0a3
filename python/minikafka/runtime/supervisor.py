"""Brings up a controller and its brokers, and keeps their ports and directories while they come and go.

Where the nodes run is the hosting's (`embedded.py`, `process/children.py`); everything here speaks to them through
`control/port.py` and is the same for both.
"""

from __future__ import annotations

import asyncio
import os
import random
from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from typing import Final

from minikafka.errors import ConfigError
from minikafka.runtime.control.asking import Asking
from minikafka.runtime.control.cluster import ClusterView
from minikafka.runtime.control.port import HostedNode, Hosting, RuleBook
from minikafka.runtime.control.views import HEALTH, Question
from minikafka.runtime.driver import Driver
from minikafka.runtime.embedded import Embedded, Place
from minikafka.runtime.host import HostState
from minikafka.runtime.links import CLIENTS, node_named
from minikafka.runtime.metadata import Metadata
from minikafka.runtime.premises import Premises
from minikafka.runtime.snapshots import Snapshots
from minikafka.runtime.spec import ClusterSpec
from minikafka.runtime.stepping import Stepper
from minikafka.types import CONTROLLER_ID, BrokerId

START_TIMEOUT_S: Final = 30.0
START_TIMEOUT_MS: Final = 60_000
"""Of broker time, while the clock is frozen."""


class Supervisor:
    """One cluster. Everything but the constructor runs on the loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop, spec: ClusterSpec) -> None:
        """Checks the settings, locks the directory and takes the ports. Raises ConfigError."""
        spec.check()
        self.spec = spec
        self._loop = loop
        self._random = random.Random(spec.seed) if spec.seed is not None else None
        self._premises = premises = Premises(spec)
        try:
            self.hosting: Hosting = self._hosting(premises.places)
        except BaseException:
            premises.release()
            raise
        self.directory = premises.directory
        self.client_address = premises.client_address
        self.internal_address = premises.internal_address
        asking = Asking(self.hosting)
        self.look = asking.look
        self.until = asking.until
        self.metadata = Metadata(self, premises.controller)
        self.clock = Stepper(self.hosting)
        self.snapshots = Snapshots(self)

    def _hosting(self, places: list[Place]) -> Hosting:
        if self.spec.separate_processes:
            from minikafka.runtime.process.children import ChildProcesses

            return ChildProcesses(self._loop, [place.plan for place in places], self.spec.seed)
        return Embedded(Driver(self._loop), places, self._new_uuid)

    # Life of the cluster.

    async def start(self) -> None:
        """Start every node; return when all brokers are registered, unfenced and know it, and the topics have leaders.

        Raises WaitTimeout, or MinikafkaError when a topic cannot be created.
        """
        await asyncio.gather(*(node.start() for node in (self.controller, *self.brokers.values())))
        await self._until_in_service(self.brokers)
        for topic in self.spec.topics:
            if not (await self.look(Question(topic.name))).partitions(topic.name):
                await self.metadata.create_topic(topic)
        await self.snapshots.began()

    async def stop(self) -> None:
        """Stop brokers cleanly, all at once, then the controller."""
        stops = [node.stop() for node in self.brokers.values() if node.is_alive and not self._cut_off(node)]
        with suppress(TimeoutError):
            await asyncio.wait_for(asyncio.gather(*stops), START_TIMEOUT_S)
        await self.controller.stop()

    async def close(self, *, cleanly: bool = True) -> None:
        """Stop, or kill unless `cleanly`; give back ports and, if it was temporary, the directory."""
        if cleanly and not self.directory.is_temporary:
            await self.stop()
        for node in self.nodes:
            node.kill(politely=cleanly)
        for node in self.nodes:
            await node.rest()
        self.snapshots.forget()
        self._premises.release()
        await self.hosting.close()

    def abandon(self, others: Iterable[int] = ()) -> None:
        """Close this process's copies of all sockets, in a child that was forked from ours. `others`: descriptors of
        what serves beside the nodes."""
        self._premises.abandon((*(one for node in self.nodes for one in node.descriptors()), *others))

    # Its nodes.

    @property
    def controller(self) -> HostedNode:
        return self.hosting.controller

    @property
    def brokers(self) -> Mapping[BrokerId, HostedNode]:
        return self.hosting.brokers

    @property
    def nodes(self) -> list[HostedNode]:
        """Brokers, then the controller."""
        return [*self.brokers.values(), self.controller]

    def node(self, number: BrokerId) -> HostedNode:
        """A broker, or the controller by `CONTROLLER_ID`."""
        return self.controller if number == CONTROLLER_ID else self.brokers[number]

    @property
    def rules(self) -> RuleBook:
        """Fault rules in force."""
        return self.hosting.rules

    @property
    def bootstrap_servers(self) -> str:
        """What clients are given, every broker in it, dead or alive."""
        return self.bootstrap_servers_on(None)

    def bootstrap_servers_on(self, listener: str | None) -> str:
        """The same of a further listener. Raises ConfigError when there is none."""
        addresses = (self.client_address(broker, listener) for broker in self.brokers)
        return ",".join(f"{host}:{port}" for host, port in addresses)

    # What is waited for.

    async def until_led(self, topic: str) -> None:
        """Return once all its leaders lead and every running broker knows."""
        await self.until(
            Question(topic),
            lambda view: view.is_led(topic),
            START_TIMEOUT_S,
            lambda _: f"leaders of {topic} not ready",
        )

    async def _until_in_service(self, brokers: Collection[BrokerId]) -> None:
        """Return once these serve, and each has heard that the others do: its metadata is what clients get."""
        wanted = sorted(brokers)

        def serve(view: ClusterView) -> bool:
            running = [broker for broker in view.brokers if broker.is_running]
            return len(running) == len(wanted) and all(one.active_brokers == wanted for one in running)

        def seen(view: ClusterView) -> str:
            return f"brokers ready: {[one.node for one in view.brokers if one.is_running]} of {wanted}"

        await self.until(HEALTH, serve, START_TIMEOUT_S, seen)

    # What is done.

    async def start_node(self, node: HostedNode) -> None:
        """Start a node; return when it serves: a broker once the controller counts it in, if that can be reached.

        While the clock is frozen, broker time moves on as far as that takes: after a kill, to the end of the session.
        """
        if node.is_alive:
            return
        if node in self.hosting.halted:
            self.hosting.halted.remove(node)
        await node.start()
        if node is self.controller or self._cut_off(node):
            return

        def serves(view: ClusterView) -> bool:
            broker = view.nodes.get(node.node_id)
            return broker is not None and broker.is_running

        serving = asyncio.ensure_future(
            self.until(
                HEALTH,
                serves,
                START_TIMEOUT_S,
                lambda _: f"node {node.node_id} {node.state.value}, not in service",
            )
        )
        if self.clock.is_frozen:
            await self.clock.run_while(lambda: not serving.done(), START_TIMEOUT_MS)
        await serving

    async def start_brokers(self, brokers: Collection[BrokerId]) -> None:
        """Start these at once; return when all of them are in service and know of one another."""
        self.hosting.halted.clear()
        await asyncio.gather(*(self.brokers[broker].start() for broker in brokers))
        await self._until_in_service(brokers)

    async def power_loss(self, seed: int | None) -> None:
        """Every broker at once."""
        await asyncio.gather(*(node.power_loss(seed) for node in self.brokers.values()))

    # The network.

    async def cut(self, one: BrokerId | str, other: BrokerId | str) -> None:
        """Let nothing pass between two nodes. Raises ConfigError for a name that is none (`links.node_named`)."""
        await self.hosting.cut([(node_named(one), node_named(other))])

    async def delay(self, one: BrokerId | str, other: BrokerId | str, ms: int) -> None:
        """Let every byte between two nodes arrive so much later. Raises ConfigError for less than 0."""
        if ms < 0:
            raise ConfigError(f"a delay of {ms} ms")
        await self.hosting.delay([(node_named(one), node_named(other))], ms)

    async def isolate(self, node: BrokerId, *, clients: bool = False) -> None:
        """Cut `node` off from all brokers and the controller, and from clients too if asked."""
        others = [other for other in (*self.brokers, CONTROLLER_ID) if other != node]
        await self.hosting.cut([(node, other) for other in others + ([CLIENTS] if clients else [])])

    def hears(self, node: BrokerId) -> bool:
        """Whether it follows what the controller decides."""
        return self.node(node).state is HostState.RUNNING and not self._cut_off(self.node(node))

    def _cut_off(self, node: HostedNode) -> bool:
        """Without its controller a broker cannot leave cleanly."""
        return self.hosting.is_cut(node.node_id, CONTROLLER_ID) or not self.controller.is_alive

    def _new_uuid(self) -> bytes:
        return os.urandom(16) if self._random is None else self._random.randbytes(16)
