"""Nodes in this process, all on one loop: `Cluster(mode="thread")` and `serve -n N` run on it, and each child alone."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import NamedTuple

from minikafka._core import Disk
from minikafka.broker.broker import Broker
from minikafka.broker.controller_node import ControllerNode
from minikafka.effects import TakenBack
from minikafka.errors import ConfigError
from minikafka.faults.actions import PowerLoss
from minikafka.faults.book import Armed, Rules
from minikafka.faults.rule import Rule
from minikafka.history import History
from minikafka.runtime.calls import AtEvent, Calls
from minikafka.runtime.control.looking import look
from minikafka.runtime.control.port import HostedNode
from minikafka.runtime.control.time import Timeline
from minikafka.runtime.control.views import NodeView, Question
from minikafka.runtime.driver import Driver
from minikafka.runtime.host import NodeHost
from minikafka.runtime.plan import NodePlan, build
from minikafka.runtime.ports import Port
from minikafka.runtime.server import Listener
from minikafka.runtime.striking import Deeds, Striking
from minikafka.runtime.timeline import DriverTimeline
from minikafka.trace import Trace, TraceEvent
from minikafka.types import CLIENT_LISTENER, CONTROLLER_ID, BrokerId, Offset


class Place(NamedTuple):
    """Where a node will run: what it is made from, and the ports held for it, as `NodePlan.addresses` has them."""

    plan: NodePlan
    ports: Sequence[Port]

    def listeners(self) -> list[Listener]:
        *clients, internal = self.ports
        names = (CLIENT_LISTENER, *(one.registered for one in self.plan.further))
        return [
            *(Listener(port, internal=False, name=name) for port, name in zip(clients, names, strict=False)),
            Listener(internal, internal=True),
        ]


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
        deeds: Deeds,
    ) -> None:
        """`trace`: one for all lives of the node. `deeds`: what is done to it at an event."""
        plan = self._plan = place.plan
        super().__init__(
            driver,
            plan.node,
            place.listeners(),
            disk,
            plan.directory,
            lambda life_disk: build(self._plan, life_disk, new_uuid=new_uuid, rules=rules, trace=trace),
            lambda _: on_halt(self),
            plan.settings().socket_request_max_bytes,
            trace,
        )
        self.striking: Striking = Striking(self, disk, deeds)

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

    def read_metadata_from(self, offset: Offset) -> None:
        self._plan = self._plan._replace(metadata_from=offset)

    async def take_back(self, offset: Offset, brokers: tuple[BrokerId, ...]) -> None:
        assert self._life is not None, "only a living controller decides"
        self._life.deliver(TakenBack(offset, brokers))


class EmbeddedRules:
    """The rules that all nodes of this process share."""

    def __init__(self, rules: Rules, calls: Calls, *, tracked: bool) -> None:
        """`tracked`: the disk knows what was not synced."""
        self.nodes: list[EmbeddedNode] = []
        self._rules = rules
        self._calls = calls
        self._tracked = tracked

    @property
    def in_force(self) -> list[Armed]:
        return list(self._rules.in_force)

    async def add(self, rule: Rule, call: AtEvent | None = None) -> Armed:
        check_rule(rule, [node.node_id for node in self.nodes], tracked=self._tracked)
        armed = self._rules.add(rule)
        if call is not None:
            self._calls.keep(armed, call)
        for node in self.nodes:
            node.striking.arm(armed)
        return armed

    async def remove(self, armed: Armed) -> None:
        self._rules.remove(armed)
        self._calls.forget(armed)
        for node in self.nodes:
            node.striking.disarm(armed)
            node.faults_healed()

    async def clear(self) -> None:
        for armed in self.in_force:
            await self.remove(armed)


def check_rule(rule: Rule, nodes: Sequence[BrokerId], *, tracked: bool) -> None:
    """Raises ConfigError for a rule that could never strike in this cluster."""
    broker = rule.match.broker
    if broker is not None and broker not in nodes:
        known = ", ".join(map(str, sorted(nodes)))
        raise ConfigError(f"there is no node {broker}; there are {known} ({CONTROLLER_ID} is the controller)")
    if isinstance(rule.then, PowerLoss) and not tracked:
        raise ConfigError("power_loss needs disks that remember what was synced, and these do not")


class InThisProcess:
    """What is done to a node that shares its process with others (`striking.Deeds`)."""

    def __init__(self, driver: Driver, calls: Calls) -> None:
        self._driver = driver
        self._calls = calls
        self.node: EmbeddedNode | None = None

    @property
    def _struck(self) -> EmbeddedNode:
        assert self.node is not None, "a node that does not exist was struck"
        return self.node

    def kill(self) -> None:
        self._struck.die()

    def lose_power(self, seed: int | None) -> None:
        self._struck.lose_power(seed)

    def pause(self) -> None:
        self._struck.pause_at_once()

    def call(self, armed: Armed, event: TraceEvent) -> None:
        self._struck.stand_still()
        armed.calling += 1
        recorded = self._driver.history.find(self._struck.node_id, event)
        self._calls.run(armed, recorded, self._struck.go_on)

    def count(self, armed: Armed, times: int) -> None:
        armed.fired += times


class Embedded:
    """Satisfies `control.port.Hosting`. Everything but the constructor runs on the driver's loop."""

    def __init__(self, driver: Driver, places: Sequence[Place], new_uuid: Callable[[], bytes]) -> None:
        """The first place is the controller's."""
        self.driver = driver
        self._timeline = DriverTimeline(driver)
        rules, calls = Rules(), Calls(driver.loop, driver.look_around)
        self.rules = EmbeddedRules(rules, calls, tracked=places[0].plan.tracked)
        self.halted: list[HostedNode] = []
        plan = places[0].plan
        disk = Disk.tracked(real_sync=plan.real_sync) if plan.tracked else Disk.os()
        nodes = self.rules.nodes
        for place in places:
            deeds = InThisProcess(driver, calls)
            deeds.node = EmbeddedNode(
                driver, place, disk, new_uuid, rules, self.halted.append, Trace(on=place.plan.trace), deeds
            )
            nodes.append(deeds.node)
        self.controller = nodes[0]
        self.brokers: dict[BrokerId, EmbeddedNode] = {node.node_id: node for node in nodes[1:]}

    @property
    def watchers(self) -> list[Callable[[], None]]:
        """After each turn in which a node ran."""
        return self.driver.watchers

    @property
    def history(self) -> History:
        return self.driver.history

    async def cut(self, pairs: Iterable[tuple[BrokerId, BrokerId]]) -> None:
        wanted = list(pairs)
        self.driver.links.cut(wanted)
        for node in self.rules.nodes:
            node.tell_links("cut", wanted)

    async def delay(self, pairs: Iterable[tuple[BrokerId, BrokerId]], ms: int) -> None:
        wanted = list(pairs)
        self.driver.links.delay(wanted, ms)
        for node in self.rules.nodes:
            node.tell_links("delay", wanted, ms=ms)

    def is_cut(self, one: BrokerId, other: BrokerId) -> bool:
        return self.driver.links.is_cut(one, other)

    async def heal(self) -> None:
        self.driver.links.heal()
        for node in self.rules.nodes:
            node.tell_fault("heal")

    @asynccontextmanager
    async def still(self) -> AsyncIterator[None]:
        """Between two turns nothing changes, as long as nobody waits for anything."""
        yield

    def timelines(self) -> Sequence[Timeline]:
        return [self._timeline]

    async def close(self) -> None:
        await self.driver.close()
