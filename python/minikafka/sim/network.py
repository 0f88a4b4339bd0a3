"""A network that delays, cuts and breaks, but never reorders within a connection: TCP, as clients know it.

A wire is one connection between two ends. Each message takes a random time, yet never overtakes the one before it. A
cut wire holds what is sent; healing breaks it, and both ends hear of it, as in `runtime/links.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Final

from minikafka.sim.clock import Clock
from minikafka.types import BrokerId, Buffer

CLIENT: Final = -1
"""The end of every client."""

MIN_DELAY_US: Final = 50
MAX_DELAY_US: Final = 500
SLOW_DELAY_US: Final = 20_000
SLOW_SHARE: Final = 0.01


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
        self._broken = (broken_a, broken_b)
        self._last_us = {False: 0, True: 0}
        self.open = True

    def send(self, data: Buffer, *, to_b: bool) -> None:
        """Deliver later, after everything sent before in this direction; never, if the wire breaks first."""
        if not self.open or self._network.is_cut(self.a, self.b):
            return
        clock = self._network.clock
        due = max(clock.now_us + self._network.delay_us(), self._last_us[to_b] + 1)
        self._last_us[to_b] = due
        clock.at(due, lambda: self._arrive(data, to_b))

    def _arrive(self, data: Buffer, to_b: bool) -> None:
        if self.open and not self._network.is_cut(self.a, self.b):
            self._deliver[to_b](data)

    def break_(self) -> None:
        """Both ends hear of it, each in its own time."""
        if self.open:
            self.open = False
            self._network.forget(self)
            for broken in self._broken:
                self._network.clock.after(self._network.delay_us(), broken)


class Network:
    """All wires, and the pairs that cannot reach each other."""

    def __init__(self, clock: Clock, random: Random) -> None:
        self.clock = clock
        self._random = random
        self._wires: list[Wire] = []
        self._cut: set[frozenset[BrokerId]] = set()

    def delay_us(self) -> int:
        if self._random.random() < SLOW_SHARE:
            return self._random.randint(MAX_DELAY_US, SLOW_DELAY_US)
        return self._random.randint(MIN_DELAY_US, MAX_DELAY_US)

    def is_cut(self, one: BrokerId, other: BrokerId) -> bool:
        return bool(self._cut) and frozenset((one, other)) in self._cut

    def add(self, wire: Wire) -> None:
        self._wires.append(wire)

    def forget(self, wire: Wire) -> None:
        self._wires.remove(wire)

    def cut(self, pairs: list[tuple[BrokerId, BrokerId]]) -> None:
        """Nothing passes between these any more, and neither side is told."""
        self._cut |= {frozenset(pair) for pair in pairs}

    def heal(self) -> None:
        """Everyone reaches everyone; wires that were cut break."""
        cut, self._cut = self._cut, set()
        for wire in [wire for wire in self._wires if frozenset((wire.a, wire.b)) in cut]:
            wire.break_()

    def drop_node(self, node: BrokerId) -> None:
        """A process died: the kernel closes its sockets."""
        for wire in [wire for wire in self._wires if node in (wire.a, wire.b)]:
            wire.break_()
