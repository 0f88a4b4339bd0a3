"""Virtual time and the order of everything that happens.

One queue, ordered by (time, sequence number): two things due at the same microsecond happen in the order they were
scheduled, so a seed decides everything. Time jumps from event to event; nothing ever waits.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from typing import Final

from minikafka.types import Now

EPOCH_WALL_MS: Final = 1_700_000_000_000
"""Where simulated wall time starts: any fixed instant."""


class Clock:
    """Microseconds since the world began, and what is due when."""

    def __init__(self) -> None:
        self.now_us = 0
        self._queue: list[tuple[int, int, Callable[[], None]]] = []
        self._sequence = 0

    def now(self) -> Now:
        """As a node is told it."""
        now_ms = self.now_us // 1000
        return Now(now_ms, EPOCH_WALL_MS + now_ms)

    def at(self, time_us: int, run: Callable[[], None]) -> None:
        """Run at `time_us`, or now if that is past."""
        self._sequence += 1
        heapq.heappush(self._queue, (max(time_us, self.now_us), self._sequence, run))

    def after(self, delay_us: int, run: Callable[[], None]) -> None:
        self.at(self.now_us + delay_us, run)

    def step(self) -> bool:
        """Run the next thing due; False when nothing is."""
        if not self._queue:
            return False
        self.now_us, _, run = heapq.heappop(self._queue)
        run()
        return True

    def run_until(self, deadline_us: int, done: Callable[[], bool] = lambda: False) -> bool:
        """Run until `done` or until `deadline_us`. True when `done`."""
        while not done():
            if not self._queue or self._queue[0][0] > deadline_us:
                self.now_us = max(self.now_us, deadline_us)
                return done()
            self.step()
        return True
