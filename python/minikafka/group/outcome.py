"""Collecting what one event of a group causes.

One LeaveGroup may end a rebalance, which answers ten parked JoinGroups, moves ten session timers and writes a record.
Each step adds to the same `Result`; these helpers keep it consistent: of several words about one timer the last one
counts, and a parked request is answered only once everything decided before is committed (`Result.after`).

What the *asking* request hears goes into `Result.response`, where the runtime gives it a deadline.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from minikafka.coordinator.shard import Result, Timer
from minikafka.types import Now

T = TypeVar("T")
A = TypeVar("A")

Reply = Callable[[A], None]
"""Answers one parked request; a second call does nothing."""


def set_timer(
    outcome: Result[T], key: tuple[str, ...], deadline_ms: int, run: Callable[[Now], Result[None]]
) -> None:
    """Set, or move, the timer `key`."""
    _forget(outcome, key)
    outcome.timers.append(Timer(key, deadline_ms, run))


def cancel_timer(outcome: Result[T], key: tuple[str, ...]) -> None:
    _forget(outcome, key)
    outcome.cancelled_timers.append(key)


def _forget(outcome: Result[T], key: tuple[str, ...]) -> None:
    outcome.timers = [timer for timer in outcome.timers if timer.key != key]
    outcome.cancelled_timers = [cancelled for cancelled in outcome.cancelled_timers if cancelled != key]
