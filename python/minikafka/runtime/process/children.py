"""Nodes in child processes: what `Cluster(mode="process")` runs on. Satisfies `control.port.Hosting`."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence

from minikafka.faults.book import Armed, Rules
from minikafka.faults.rule import Rule
from minikafka.history import History
from minikafka.runtime.clock import BrokerClock
from minikafka.runtime.control.port import HostedNode
from minikafka.runtime.control.time import Timeline
from minikafka.runtime.plan import NodePlan
from minikafka.runtime.process import messages
from minikafka.runtime.process.node import ChildNode
from minikafka.runtime.process.timeline import OwnTimeline
from minikafka.trace import TraceEvent
from minikafka.types import BrokerId


class ChildProcesses:
    """One process per node. What was said of the network and of faults is said again to each new life."""

    def __init__(self, loop: asyncio.AbstractEventLoop, plans: Sequence[NodePlan], seed: int | None) -> None:
        """The first plan is the controller's. `seed`: of the ids that nodes make, None for the system's."""
        self.watchers: list[Callable[[], None]] = []
        self.halted: list[HostedNode] = []
        self.history = History()
        self._cut: set[frozenset[BrokerId]] = set()
        self._delays_ms: dict[frozenset[BrokerId], int] = {}
        self._clock = BrokerClock()
        """What the children's clocks are set by: a new life's, too, which begins in the middle of it all."""
        self.rules = SharedRules(self._say)
        nodes = [
            ChildNode(
                loop,
                plan,
                seed,
                self.rules.strikes,
                self._told,
                self._changed,
                self.halted.append,
                self._before_start,
                lambda: self._clock.wall_shift_ms,
            )
            for plan in plans
        ]
        self._nodes = nodes
        self.controller = nodes[0]
        self.brokers: dict[BrokerId, ChildNode] = {node.node_id: node for node in nodes[1:]}

    async def cut(self, pairs: Iterable[tuple[BrokerId, BrokerId]]) -> None:
        wanted = list(pairs)
        self._cut |= {frozenset(pair) for pair in wanted}
        await self._say(messages.Cut(wanted))

    async def delay(self, pairs: Iterable[tuple[BrokerId, BrokerId]], ms: int) -> None:
        wanted = list(pairs)
        self._delays_ms |= {frozenset(pair): ms for pair in wanted}
        await self._say(messages.Delay(wanted, ms))

    def is_cut(self, one: BrokerId, other: BrokerId) -> bool:
        return frozenset((one, other)) in self._cut

    async def heal(self) -> None:
        self._cut.clear()
        self._delays_ms.clear()
        await self._say(messages.Heal())

    def timelines(self) -> Sequence[Timeline]:
        return [*(node.timeline for node in self._nodes if node.is_alive), OwnTimeline(self._clock)]

    async def close(self) -> None:
        for node in self._nodes:
            await node.rest()

    def _before_start(self) -> list[messages.ToChild]:
        pairs = [(min(pair), max(pair)) for pair in self._cut]
        delays = [messages.Delay([(min(pair), max(pair))], ms) for pair, ms in self._delays_ms.items()]
        clock = [messages.StopClock()] if self._clock.is_frozen else []
        return [messages.Cut(pairs), *delays, *self.rules.all(), *clock]

    async def _say(self, message: messages.ToChild) -> None:
        """To every living node; return once it is so everywhere."""
        for node in self._nodes:
            node.send(message)
        await asyncio.gather(*(node.sync() for node in self._nodes))

    def _told(self, node: ChildNode, events: list[TraceEvent]) -> None:
        self.history.record(node.node_id, events)
        self._changed()

    def _changed(self) -> None:
        for watcher in tuple(self.watchers):
            watcher()


class SharedRules:
    """Fault rules in force at every child, counted here."""

    def __init__(self, say: Callable[[messages.ToChild], Awaitable[None]]) -> None:
        self._say = say
        self._book = Rules()

    @property
    def in_force(self) -> list[Armed]:
        return list(self._book.in_force)

    async def add(self, rule: Rule) -> Armed:
        armed = self._book.add(rule)
        await self._say(messages.AddRule(armed.number, armed.rule))
        return armed

    async def remove(self, armed: Armed) -> None:
        if self._book.is_in_force(armed.number):
            self._book.remove(armed)
            await self._say(messages.RemoveRule(armed.number))

    async def clear(self) -> None:
        for armed in self.in_force:
            await self.remove(armed)

    def strikes(self, number: int) -> int:
        """A child met a request that this rule is about: how often it struck, if it strikes this one; else 0."""
        for armed in self._book.in_force:
            if armed.number == number:
                return armed.fired if armed.strikes() else 0
        return 0

    def all(self) -> list[messages.ToChild]:
        """For a new life."""
        return [messages.AddRule(armed.number, armed.rule) for armed in self._book.in_force]
