"""Timers by key."""

from __future__ import annotations

from minikafka.runtime.timers import SLACK, TimerHeap


def test_due_timers_come_by_deadline_then_by_age() -> None:
    """Equal deadlines fire in the order they were set, so a run can be repeated."""
    timers = TimerHeap()
    timers.set(("late",), 30)
    timers.set(("first",), 10)
    timers.set(("second",), 10)
    assert timers.take_due(20) == [("first",), ("second",)]
    assert timers.earliest_ms() == 30


def test_setting_again_moves_and_cancelling_forgets() -> None:
    """A key has one deadline at most."""
    timers = TimerHeap()
    timers.set(("a",), 10)
    timers.set(("a",), 50)
    timers.set(("b",), 20)
    timers.cancel(("b",))
    assert timers.take_due(40) == []
    assert timers.take_due(50) == [("a",)]


def test_the_heap_stays_small_when_timers_are_cancelled() -> None:
    """A timeout per request, cancelled a moment later, must not pile up."""
    timers = TimerHeap()
    for number in range(10_000):
        timers.set(("call", number), 30_000 + number)
        timers.cancel(("call", number))
    assert len(timers) == 0
    assert len(timers._heap) <= SLACK + 1
