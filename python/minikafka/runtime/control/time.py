"""What stepping broker time asks of each loop that nodes run on (`runtime/stepping.py`), as plain data."""

from __future__ import annotations

from typing import NamedTuple, Protocol

from minikafka.types import BrokerId, Now


class LineEnd(NamedTuple):
    """One end of a connection between nodes. `HOST:PORT` of this end and of the other one ("" while it is being made).

    node: whose end it is. peer: the node it was made to; -1 at the end that accepted it, which does not know.
    """

    node: BrokerId
    peer: BrokerId
    here: str
    there: str
    bytes_in: int
    bytes_out: int


class Stand(NamedTuple):
    """How a loop stands, once it had nothing more to do.

    next_exact_in_ms: broker time until the next timer, or arrival over a slow link, that ends a step; None for none.
    nodes: those that run here, paused ones left out. ends: of their connections to nodes that no cut holds.
    """

    next_exact_in_ms: int | None
    nodes: list[BrokerId]
    ends: list[LineEnd]


class Timeline(Protocol):
    """Broker time of one loop: of all nodes in thread mode, of one child process otherwise."""

    async def freeze(self) -> None: ...
    async def resume(self) -> None: ...
    async def step(self, by_ms: int, *, keep_members: bool) -> None:
        """Move the frozen clock; no timer fires until `speak`. `keep_members`: what is timed of group members whose
        connection is open is timed so much longer."""

    async def speak(self) -> None:
        """From now on timers that speak fire, when they are due."""

    async def judge(self) -> None:
        """From now on every timer that is due fires."""

    async def stand(self, *, keep_members: bool) -> Stand:
        """Wait until there is nothing to do here, or until that has lasted too long, then say how it stands."""

    async def now(self) -> Now: ...
