"""Timers of a node: a key, a deadline, and what to run. The shell keeps the clock; the node keeps the meaning."""

from __future__ import annotations

from collections.abc import Callable

from minikafka.broker.outbox import Outbox
from minikafka.effects import CancelTimer, SetTimer, TimerKey
from minikafka.types import Now

Run = Callable[[Now], None]


class Timers:
    """Setting a key again moves it; a timer that fires is gone."""

    def __init__(self, outbox: Outbox) -> None:
        self._outbox = outbox
        self._runs: dict[TimerKey, Run] = {}

    def set(self, key: TimerKey, deadline_ms: int, run: Run) -> None:
        """Run `run(now)` once broker time reaches `deadline_ms` (monotonic); for a key of
        `timer_kinds.WAITS`, once waiting time does."""
        self._runs[key] = run
        self._outbox.put(SetTimer(key, deadline_ms))

    def cancel(self, key: TimerKey) -> None:
        if self._runs.pop(key, None) is not None:
            self._outbox.put(CancelTimer(key))

    def fired(self, key: TimerKey, now: Now) -> None:
        """The shell says `key` is due. Unknown keys are late news of a cancelled timer."""
        run = self._runs.pop(key, None)
        if run is not None:
            run(now)
