"""Broker time: fed to nodes turn by turn, never read by them (ADR 0010).

Broker time follows the machine's monotonic clock with one exception: in one turn it passes the earliest due timer by at
most `MAX_OVERRUN_MS`. A process that was stopped or starved for five seconds finds every timer overdue, its own
heartbeats and everybody's sessions alike; letting all of them fire at once would fence brokers that are as alive as
before. So the time nobody could act in is *lost*: taken off broker time for good.

Wall time, which stamps records, is the machine's; only `advance` shifts both.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from minikafka.types import Now

MAX_OVERRUN_MS: Final = 50


def monotonic_ms() -> int:
    """The machine's monotonic clock, the one asyncio uses too."""
    return time.monotonic_ns() // 1_000_000


def wall_ms() -> int:
    """Milliseconds since 1970."""
    return time.time_ns() // 1_000_000


class BrokerClock:
    """Broker time of all nodes of one loop."""

    def __init__(
        self, monotonic: Callable[[], int] = monotonic_ms, wall: Callable[[], int] = wall_ms
    ) -> None:
        self._monotonic = monotonic
        self._wall = wall
        self._lost_ms = 0
        self._advanced_ms = 0
        self.now = Now(monotonic(), wall())

    def turn(self, earliest_deadline_ms: int | None) -> Now:
        """The time of a new turn. Never goes back."""
        elapsed = self._monotonic() - self._lost_ms
        if earliest_deadline_ms is not None:
            limit = max(earliest_deadline_ms, self.now.monotonic_ms) + MAX_OVERRUN_MS
            if elapsed > limit:
                self._lost_ms += elapsed - limit
                elapsed = limit
        self.now = Now(max(elapsed, self.now.monotonic_ms), self._wall() + self._advanced_ms)
        return self.now

    def machine_seconds(self, deadline_ms: int) -> float:
        """When, on the machine's monotonic clock, broker time will reach `deadline_ms` if none is lost till then."""
        return (deadline_ms + self._lost_ms) / 1000

    def advance(self, by_ms: int) -> None:
        """Move broker and wall time forward; the next turn sees it."""
        self._lost_ms -= by_ms
        self._advanced_ms += by_ms
