"""Nodes in this process, all on one loop: `Cluster(mode="thread")` and `serve -n N` run on it, and each child alone."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from minikafka._core import Disk
from minikafka.broker.broker import Broker
from minikafka.broker.controller_node import ControllerNode
from minikafka.faults.book import Armed, Rules
from minikafka.faults.rule import Rule
from minikafka.history import History
from minikafka.runtime.control.looking import look
from minikafka.runtime.control.port import HostedNode
from minikafka.runtime.control.time import Timeline
from minikafka.runtime.control.views import NodeView, Question
from minikafka.runtime.driver import Driver
from minikafka.runtime.host import NodeHost
from minikafka.runtime.plan import NodePlan, build
from minikafka.runtime.ports import Port
from minikafka.runtime.server import Listener
from minikafka.runtime.timeline import DriverTimeline
from minikafka.trace import Trace
from minikafka.types import BrokerId


class Place(NamedTuple):
    """Where a node will run: what it is made from, and the ports held for it: the clients', then the internal one."""

    plan: NodePlan
    ports: Sequence[Port]

    def listeners(self) -> list[Listener]:
        # The controller is not for clients: its only listener is an internal one.
        internal = [self.plan.is_controller, True]
        return [Listener(port, internal=one) for port, one in zip(self.ports, internal, strict=False)]


class EmbeddedNode(NodeHost[Broker | ControllerNode]):
    """A node whose views are taken from it directly."""

    def __init__(
        self,
        driver: Driver,
        place: Place,
        disk: Disk,
        new_uuid: Callable[[], bytes],
        rules: Rules,
        on_halt: Callable[[HostedNode], None],
        trace: Trace,
    ) -> None:
        """`trace`: one for all lives of the node."""
        plan = place.plan
        super().__init__(
            driver,
            plan.node,
            place.listeners(),
            disk,
            plan.directory,
            lambda life_disk: build(plan, life_disk, new_uuid=new_uuid, rules=rules, trace=trace),
            lambda _: on_halt(self),
            plan.settings().socket_request_max_bytes,
            trace,
        )

    @property
    def pid(self) -> int:
        """Of this process, which is its process."""
        return os.getpid()

    async def watch(self, question: Question) -> None:
        """Nothing to do: `seen` looks."""

    def seen(self, question: Question) -> NodeView | None:
        return None if self.node is None else look(self.node, question)

    def unwatch(self, question: Question) -> None:
        """Nothing to do."""

    @property
    def tells(self) -> bool:
        return self.trace.on

    def tell(self, *, on: bool) -> None:
        self.trace.on = on

    async def hold_metadata(self, *, held: bool) -> None:
        if isinstance(self.node, Broker):
            self.node.hold_metadata(held=held)

    async def fail_sync(self, times: int) -> None:
        self._disk.fail_sync(self.directory, times)


class EmbeddedRules:
    """The rules that all nodes of this process share."""

    def __init__(self, rules: Rules, on_heal: Callable[[], None]) -> None:
        self._rules = rules
        self._on_heal = on_heal

    @property
    def in_force(self) -> list[Armed]:
        return list(self._rules.in_force)

    async def add(self, rule: Rule) -> Armed:
        return self._rules.add(rule)

    async def remove(self, armed: Armed) -> None:
        self._rules.remove(armed)
        self._on_heal()

    async def clear(self) -> None:
        self._rules.clear()
        self._on_heal()


class Embedded:
    """Satisfies `control.port.Hosting`. Everything but the constructor runs on the driver's loop."""

    def __init__(self, driver: Driver, places: Sequence[Place], new_uuid: Callable[[], bytes]) -> None:
        """The first place is the controller's."""
        self.driver = driver
        self._timeline = DriverTimeline(driver)
        rules = Rules()
        self.rules = EmbeddedRules(rules, self._healed)
        self.halted: list[HostedNode] = []
        disk = Disk.tracked() if places[0].plan.tracked else Disk.os()
        nodes = [
            EmbeddedNode(driver, place, disk, new_uuid, rules, self.halted.append, Trace(on=place.plan.trace))
            for place in places
        ]
        self.controller = nodes[0]
        self.brokers: dict[BrokerId, EmbeddedNode] = {node.node_id: node for node in nodes[1:]}

    def _healed(self) -> None:
        for node in (self.controller, *self.brokers.values()):
            node.faults_healed()

    @property
    def watchers(self) -> list[Callable[[], None]]:
        """After each turn in which a node ran."""
        return self.driver.watchers

    @property
    def history(self) -> History:
        return self.driver.history

    async def cut(self, pairs: Iterable[tuple[BrokerId, BrokerId]]) -> None:
        self.driver.links.cut(pairs)

    async def delay(self, pairs: Iterable[tuple[BrokerId, BrokerId]], ms: int) -> None:
        self.driver.links.delay(pairs, ms)

    def is_cut(self, one: BrokerId, other: BrokerId) -> bool:
        return self.driver.links.is_cut(one, other)

    async def heal(self) -> None:
        self.driver.links.heal()

    def timelines(self) -> Sequence[Timeline]:
        return [self._timeline]

    async def close(self) -> None:
        await self.driver.close()
