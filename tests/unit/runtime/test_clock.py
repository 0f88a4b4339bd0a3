"""Broker time is fed."""

from __future__ import annotations

from minikafka.runtime.clock import MAX_OVERRUN_MS, BrokerClock


class Machine:
    """Clocks of a machine that only move when told."""

    def __init__(self) -> None:
        self.ms = 1_000
        self.clock = BrokerClock(lambda: self.ms, lambda: self.ms + 5_000_000)


def test_time_follows_the_machine_while_no_timer_is_late() -> None:
    """An idle hour passes at once when nothing was due in it."""
    machine = Machine()
    machine.ms += 3_600_000
    assert machine.clock.turn(None).monotonic_ms == 3_601_000
    assert machine.clock.turn(9_000_000).monotonic_ms == 3_601_000


def test_time_passes_an_overdue_timer_by_little_and_loses_the_rest() -> None:
    """After five seconds in which nobody could act, a turn is 50 ms past the first timer, not five seconds."""
    machine = Machine()
    machine.ms += 5_000
    assert machine.clock.turn(1_100).monotonic_ms == 1_100 + MAX_OVERRUN_MS
    machine.ms += 10
    assert machine.clock.turn(None).monotonic_ms == 1_100 + MAX_OVERRUN_MS + 10


def test_lost_time_moves_the_wake_up() -> None:
    """A deadline in broker time lies later on the machine's clock by what was lost."""
    machine = Machine()
    machine.ms += 5_000
    now = machine.clock.turn(1_100).monotonic_ms
    assert machine.clock.machine_seconds(now + 20) == (machine.ms + 20) / 1000


def test_time_never_goes_back() -> None:
    """A timer set in the past, or a machine clock that jumps, cannot turn broker time back."""
    machine = Machine()
    before = machine.clock.turn(None).monotonic_ms
    machine.ms -= 500
    assert machine.clock.turn(0).monotonic_ms == before


def test_advance_moves_both_clocks() -> None:
    """The test kit's clock lever moves deadlines and timestamps alike."""
    machine = Machine()
    before = machine.clock.now
    machine.clock.advance(60_000)
    after = machine.clock.turn(None)
    assert after.monotonic_ms - before.monotonic_ms == 60_000
    assert after.wall_ms - before.wall_ms == 60_000
