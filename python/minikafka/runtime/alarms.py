"""The timers of one life, as the driver's time meets them.

Two kinds of time end them: broker time, and for requests that wait, waiting time (`Now.waiting_ms`). A life that is
paused loses time, as a stopped process does: the node's own time is behind the driver's by what was lost so far, and
all deadlines are in the node's.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from minikafka.broker.timer_kinds import WAITS, TimerKind, kind_of
from minikafka.effects import TimerKey
from minikafka.runtime.timers import Firing, TimerHeap
from minikafka.types import Now


class Alarms:
    """Whoever sets or cancels calls `look` before the turn is over."""

    def __init__(self) -> None:
        self.lost_ms = 0
        """Broker time spent paused."""
        self.earliest_ms: int | None = None
        """Broker time of the driver at which the next timer is due; None while there is none to run."""
        self.earliest_wait_ms: int | None = None
        """Waiting time of the driver at which the next wait is over."""
        self._timers = TimerHeap()
        self._waits = TimerHeap()

    def set(self, key: TimerKey, deadline_ms: int) -> None:
        self._heap(key).set(key, deadline_ms)

    def cancel(self, key: TimerKey) -> None:
        self._heap(key).cancel(key)

    def look(self, *, stands: bool) -> None:
        """See anew what is due next: nothing, for a life that stands still."""
        earliest = None if stands else self._timers.earliest_ms()
        self.earliest_ms = None if earliest is None else earliest + self.lost_ms
        earliest = None if stands else self._waits.earliest_ms()
        self.earliest_wait_ms = None if earliest is None else earliest + self.lost_ms

    def are_due(self, now: Now, firing: Firing) -> bool:
        """Whether any that may fire is due at `now` of the driver."""
        if firing is Firing.NOTHING:
            return False
        if self.earliest_wait_ms is not None and self.earliest_wait_ms <= now.waiting_ms:
            return True
        if self.earliest_ms is None or self.earliest_ms > now.monotonic_ms:
            return False
        return firing is Firing.ALL or bool(self._timers.due(now.monotonic_ms - self.lost_ms, _speaks))

    def take_due(self, now: Now, firing: Firing) -> list[TimerKey]:
        """Remove and return those, waits first."""
        if firing is Firing.NOTHING:
            return []
        waits = self._waits.take_due(now.waiting_ms - self.lost_ms)
        now_ms = now.monotonic_ms - self.lost_ms
        if firing is Firing.ALL:
            return waits + self._timers.take_due(now_ms)
        speaking = self._timers.due(now_ms, _speaks)
        for key in speaking:
            self._timers.cancel(key)
        return waits + speaking

    # A stepped clock (`stepping.py`).

    def next_exact_ms(self, kept: Collection[TimerKey]) -> int | None:
        """Broker time of the driver at which the next timer is due that ends a step; those `kept` do not."""
        earliest = self._timers.earliest_of(lambda key: kind_of(key) is TimerKind.EXACT and key not in kept)
        return None if earliest is None else earliest + self.lost_ms

    def postpone(self, kept: Iterable[TimerKey], by_ms: int) -> None:
        """In a life that runs: for these timers the next `by_ms` do not count."""
        self._timers.postpone(kept, by_ms)
        self.look(stands=False)

    def _heap(self, key: TimerKey) -> TimerHeap:
        return self._waits if key[0] in WAITS else self._timers


def _speaks(key: TimerKey) -> bool:
    return kind_of(key) is TimerKind.SPEAKS
