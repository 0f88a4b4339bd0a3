"""The network between nodes, as far as it can be cut and slowed down.

A cut holds the bytes of connections across it, both ways, and lets no new connection through: it hangs, as packets
into a void do. Healing closes what was held, so both sides find out and connect anew. Clients reach a broker over a
link of their own, cut only when asked.

A delayed link lets every byte arrive so much later, each way, in order. All of it is plain data, pairs of nodes and
milliseconds: several processes that are told the same have the same network.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, Protocol

from minikafka.errors import ConfigError
from minikafka.types import CONTROLLER_ID, BrokerId

CLIENTS: Final[BrokerId] = -1
"""Stands for every client in a link."""


def node_named(name: BrokerId | str) -> BrokerId:
    """A node in a link: a broker by its number, `"controller"`, or `"clients"`. Raises ConfigError."""
    named = {"controller": CONTROLLER_ID, "clients": CLIENTS}
    if isinstance(name, str) and name not in named:
        raise ConfigError(
            f"no node {name!r}: brokers go by number, the controller by 'controller', clients by 'clients'"
        )
    return named[name] if isinstance(name, str) else name


class Line(Protocol):
    """One connection across a link."""

    @property
    def ends(self) -> frozenset[BrokerId]: ...

    def hold(self) -> None:
        """Let no byte pass from now on, either way."""

    def drop(self) -> None:
        """Close the connection; bytes held are gone."""


class Links:
    """Which pairs of nodes cannot reach each other, and the connections that run between nodes."""

    def __init__(self) -> None:
        self._cut: set[frozenset[BrokerId]] = set()
        self._delays_ms: dict[frozenset[BrokerId], int] = {}
        self._lines: dict[int, Line] = {}

    def is_cut(self, one: BrokerId, other: BrokerId) -> bool:
        return bool(self._cut) and frozenset((one, other)) in self._cut

    @property
    def has_delays(self) -> bool:
        return bool(self._delays_ms)

    def delay_ms(self, ends: frozenset[BrokerId]) -> int:
        """How long a byte takes across this link, each way (broker time)."""
        return self._delays_ms.get(ends, 0)

    def delay(self, pairs: Iterable[tuple[BrokerId, BrokerId]], ms: int) -> None:
        """From now on; 0 for none. What is under way keeps its time, and nothing overtakes it."""
        for pair in pairs:
            if ms > 0:
                self._delays_ms[frozenset(pair)] = ms
            else:
                self._delays_ms.pop(frozenset(pair), None)

    def join(self, line: Line) -> None:
        """A connection was made, or tries to be."""
        self._lines[id(line)] = line
        if line.ends in self._cut:
            line.hold()

    def leave(self, line: Line) -> None:
        self._lines.pop(id(line), None)

    def cut(self, pairs: Iterable[tuple[BrokerId, BrokerId]]) -> None:
        fresh = {frozenset(pair) for pair in pairs} - self._cut
        self._cut |= fresh
        for line in list(self._lines.values()):
            if line.ends in fresh:
                line.hold()

    def heal(self) -> None:
        """Every node reaches every other again, without delay."""
        self._delays_ms.clear()
        healed, self._cut = self._cut, set()
        for line in list(self._lines.values()):
            if line.ends in healed:
                line.drop()
