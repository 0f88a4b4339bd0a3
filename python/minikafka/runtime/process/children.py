"""Nodes in child processes: what `Cluster(mode="process")` runs on. Satisfies `control.port.Hosting`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager

from minikafka.faults.actions import Call
from minikafka.faults.book import Armed, Rules
from minikafka.faults.rule import Rule
from minikafka.history import History
from minikafka.runtime.calls import AtEvent, Calls
from minikafka.runtime.clock import BrokerClock
from minikafka.runtime.control.port import HostedNode
from minikafka.runtime.control.time import Timeline
from minikafka.runtime.embedded import check_rule
from minikafka.runtime.host import HostState
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
        self.rules = SharedRules(loop, self.history, plans, self._say, self._changed)
        nodes = [
            ChildNode(
                loop,
                plan,
                seed,
                self.rules,
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

    @asynccontextmanager
    async def still(self) -> AsyncIterator[None]:
        """Every process is stopped."""
        running = [node for node in self._nodes if node.state is HostState.RUNNING]
        await asyncio.gather(*(node.pause() for node in running))
        try:
            yield
        finally:
            for node in running:
                node.resume()

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

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        history: History,
        plans: Sequence[NodePlan],
        say: Callable[[messages.ToChild], Awaitable[None]],
        on_change: Callable[[], None],
    ) -> None:
        self._history = history
        self._plans = plans
        self._say = say
        self._book = Rules()
        self._calls = Calls(loop, on_change)

    @property
    def in_force(self) -> list[Armed]:
        return list(self._book.in_force)

    async def add(self, rule: Rule, call: AtEvent | None = None) -> Armed:
        check_rule(rule, [plan.node for plan in self._plans], tracked=self._plans[0].tracked)
        armed = self._book.add(rule)
        if call is not None:
            self._calls.keep(armed, call)
        await self._say(messages.AddRule(armed.number, armed.rule, armed.fired))
        return armed

    async def remove(self, armed: Armed) -> None:
        if self._book.is_in_force(armed.number):
            self._book.remove(armed)
            self._calls.forget(armed)
            await self._say(messages.RemoveRule(armed.number))

    async def clear(self) -> None:
        for armed in self.in_force:
            await self.remove(armed)

    def strikes(self, number: int) -> Armed | None:
        """A child met what this rule is about: the rule, if it strikes now."""
        armed = self._find(number)
        if armed is None or not armed.strikes():
            return None
        if isinstance(armed.rule.then, Call):
            # The child says in a moment at which event it stands still.
            armed.calling += 1
        return armed

    def fired(self, number: int, times: int) -> None:
        """A child's disk struck."""
        armed = self._find(number)
        if armed is not None:
            armed.fired += times

    def called(self, node: ChildNode, message: messages.Called) -> None:
        """A child stands still at an event: call the function, then let it go on."""
        armed = self._find(message.number)
        if armed is None:
            node.send(messages.GoOn())
            return
        event = self._history.find(node.node_id, message.event)
        self._calls.run(armed, event, lambda: node.send(messages.GoOn()))

    def _find(self, number: int) -> Armed | None:
        return next((armed for armed in self._book.in_force if armed.number == number), None)

    def all(self) -> list[messages.ToChild]:
        """For a new life."""
        return [messages.AddRule(armed.number, armed.rule, armed.fired) for armed in self._book.in_force]
