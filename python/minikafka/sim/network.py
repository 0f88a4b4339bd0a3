"""A network that delays, cuts and breaks, but never reorders within a connection: TCP, as clients know it.

A wire is one connection between two ends. Each message takes a random time, yet never overtakes the one before it. A
cut link loses what is sent, in one direction or in both; healing breaks its wires, and both ends hear of it, as in
`runtime/links.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from random import Random
from typing import Final, TypeAlias

from minikafka.sim.clock import Clock
from minikafka.types import BrokerId, Buffer

CLIENT: Final = -1
"""The end of every client."""

MIN_DELAY_US: Final = 50
MAX_DELAY_US: Final = 500
SLOW_DELAY_US: Final = 20_000
SLOW_SHARE: Final = 0.01

Link: TypeAlias = tuple[BrokerId, BrokerId]
"""From whom to whom."""


class Wire:
    """One connection. `a` opened it, `b` accepted it."""

    def __init__(
        self,
        network: Network,
        a: BrokerId,
        b: BrokerId,
        to_a: Callable[[Buffer], None],
        to_b: Callable[[Buffer], None],
        broken_a: Callable[[], None],
        broken_b: Callable[[], None],
    ) -> None:
        self._network = network
        self.a, self.b = a, b
        self._deliver = {False: to_a, True: to_b}
        self._links: dict[bool, Link] = {False: (b, a), True: (a, b)}
        self._broken = (broken_a, broken_b)
        self._last_us = {False: 0, True: 0}
        self.open = True

    def send(self, data: Buffer, *, to_b: bool) -> None:
        """Deliver later, after everything sent before in this direction; never, if the wire breaks first."""
        network, link = self._network, self._links[to_b]
        if not self.open or network.is_cut(link):
            return
        clock = network.clock
        due = max(clock.now_us + network.delay_us(link), self._last_us[to_b] + 1)
        self._last_us[to_b] = due
        clock.at(due, lambda: self._arrive(data, to_b))

    def _arrive(self, data: Buffer, to_b: bool) -> None:
        if self.open and not self._network.is_cut(self._links[to_b]):
            self._deliver[to_b](data)

    def break_(self) -> None:
        """Both ends hear of it, each in its own time."""
        if self.open:
            self.open = False
            self._network.forget(self)
            for to_b, broken in enumerate(self._broken):
                self._network.clock.after(self._network.delay_us(self._links[bool(to_b)]), broken)

    def is_of(self, links: set[Link]) -> bool:
        return not links.isdisjoint(self._links.values())


class Network:
    """All wires, the links that are cut, and those that are slow."""

    def __init__(self, clock: Clock, random: Random) -> None:
        self.clock = clock
        self._random = random
        self._wires: list[Wire] = []
        self._cut: set[Link] = set()
        self._slow: dict[Link, int] = {}

    def delay_us(self, link: Link) -> int:
        uniform = self._random.random()
        if uniform < SLOW_SHARE:
            delay = int(MAX_DELAY_US + (SLOW_DELAY_US - MAX_DELAY_US) * (uniform / SLOW_SHARE))
        else:
            delay = int(MIN_DELAY_US + (MAX_DELAY_US - MIN_DELAY_US) * (uniform - SLOW_SHARE))
        if self._slow and link in self._slow:
            delay += self._random.randint(self._slow[link] // 2, self._slow[link])
        return delay

    def is_cut(self, link: Link) -> bool:
        return bool(self._cut) and link in self._cut

    def reaches(self, one: BrokerId, other: BrokerId) -> bool:
        """Both ways, as opening a connection needs."""
        return not (self.is_cut((one, other)) or self.is_cut((other, one)))

    def add(self, wire: Wire) -> None:
        self._wires.append(wire)

    def forget(self, wire: Wire) -> None:
        self._wires.remove(wire)

    def cut(self, links: Iterable[Link], *, one_way: bool = False) -> None:
        """Nothing passes between these any more, and neither side is told. `one_way`: only from the first to the
        second."""
        for sender, receiver in links:
            self._cut.add((sender, receiver))
            if not one_way:
                self._cut.add((receiver, sender))

    def slow(self, links: Iterable[Link], delay_us: int) -> None:
        """Every message over these links, either way, takes up to that much longer."""
        for one, other in links:
            self._slow[one, other] = self._slow[other, one] = delay_us

    def heal(self) -> None:
        """Everyone reaches everyone, at the usual pace; wires that were cut break."""
        cut, self._cut = self._cut, set()
        self._slow.clear()
        if cut:
            for wire in [wire for wire in self._wires if wire.is_of(cut)]:
                wire.break_()

    def drop_node(self, node: BrokerId) -> None:
        """A process died: the kernel closes its sockets."""
        for wire in [wire for wire in self._wires if node in (wire.a, wire.b)]:
            wire.break_()
