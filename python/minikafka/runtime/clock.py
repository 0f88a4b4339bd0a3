"""Broker time: fed to nodes turn by turn, never read by them (ADR 0010).

Broker time follows the machine's monotonic clock with two exceptions. In one turn it passes the earliest due timer by
at most `MAX_OVERRUN_MS`: a process that was stopped or starved for five seconds finds every timer overdue, its own
heartbeats and everybody's sessions alike; letting all of them fire at once would fence brokers that are as alive as
before. So the time nobody could act in is *lost*: taken off broker time for good. And a test may take the clock into
its own hands:

    running --freeze--> frozen --step(ms)--> frozen --resume--> running

While it is frozen, broker time moves by steps only (`stepping.py`); what the machine's clock does meanwhile is lost
too, except for clients that wait for an answer (`Now.waiting_ms`): they cannot know that time stands still.

Wall time, which stamps records, is the machine's while nobody froze or stepped the clock; what that shifted stays.
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
        self._wall_shift_ms = 0
        self._stood_still_ms = 0
        self._frozen_at_ms: int | None = None
        """By the machine's clock; None while broker time runs."""
        self.now = Now(monotonic(), wall())

    def turn(self, earliest_deadline_ms: int | None) -> Now:
        """The time of a new turn. Never goes back."""
        before = self.now
        if self._frozen_at_ms is not None:
            stood_still_ms = self._stood_still_ms + max(0, self._monotonic() - self._frozen_at_ms)
            self.now = before._replace(stood_still_ms=max(stood_still_ms, before.stood_still_ms))
            return self.now
        elapsed = self._monotonic() - self._lost_ms
        if earliest_deadline_ms is not None:
            limit = max(earliest_deadline_ms, before.monotonic_ms) + MAX_OVERRUN_MS
            if elapsed > limit:
                self._lost_ms += elapsed - limit
                elapsed = limit
        self.now = Now(
            max(elapsed, before.monotonic_ms), self._wall() + self._wall_shift_ms, self._stood_still_ms
        )
        return self.now

    @property
    def is_frozen(self) -> bool:
        return self._frozen_at_ms is not None

    def freeze(self) -> None:
        """Broker and wall time stand still at the last turn's, until `step` or `resume`. No-op while frozen."""
        if self._frozen_at_ms is None:
            self._frozen_at_ms = self._monotonic()

    def step(self, by_ms: int) -> None:
        """Move broker and wall time forward while frozen."""
        assert self._frozen_at_ms is not None, "only a frozen clock is stepped"
        now = self.now
        self.now = now._replace(monotonic_ms=now.monotonic_ms + by_ms, wall_ms=now.wall_ms + by_ms)

    def resume(self) -> None:
        """Both go on from where they stand. No-op while running."""
        if self._frozen_at_ms is not None:
            machine_ms = self._monotonic()
            self._stood_still_ms += max(0, machine_ms - self._frozen_at_ms)
            self._frozen_at_ms = None
            self._lost_ms = machine_ms - self.now.monotonic_ms
            self._wall_shift_ms = self.now.wall_ms - self._wall()

    @property
    def wall_shift_ms(self) -> int:
        """By how much wall time is ahead of the machine's, now."""
        return self._wall_shift_ms if self._frozen_at_ms is None else self.now.wall_ms - self._wall()

    def shift_wall(self, by_ms: int) -> None:
        """Move wall time alone: other nodes' clocks were moved while this one could not be."""
        self._wall_shift_ms += by_ms
        self.now = self.now._replace(wall_ms=self.now.wall_ms + by_ms)

    # When to wake up, on the machine's monotonic clock in seconds, if no time is lost till then.

    def machine_seconds(self, deadline_ms: int) -> float | None:
        """When broker time will reach `deadline_ms`; None while it stands still."""
        return None if self._frozen_at_ms is not None else (deadline_ms + self._lost_ms) / 1000

    def machine_seconds_of_wait(self, deadline_ms: int) -> float:
        """When waiting time (`Now.waiting_ms`) will reach `deadline_ms`."""
        if self._frozen_at_ms is None:
            return (deadline_ms - self._stood_still_ms + self._lost_ms) / 1000
        return (deadline_ms - self._stood_still_ms - self.now.monotonic_ms + self._frozen_at_ms) / 1000
