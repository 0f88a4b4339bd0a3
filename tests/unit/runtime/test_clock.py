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


def test_a_frozen_clock_moves_by_steps_alone_and_goes_on_from_there() -> None:
    """Deadlines and timestamps alike; what the machine's clock did meanwhile counts for neither."""
    machine = Machine()
    before = machine.clock.now
    machine.clock.freeze()
    machine.ms += 700
    assert machine.clock.turn(None)[:2] == before[:2]
    machine.clock.step(60_000)
    machine.ms += 300
    frozen = machine.clock.turn(None)
    assert (frozen.monotonic_ms - before.monotonic_ms, frozen.wall_ms - before.wall_ms) == (60_000, 60_000)
    machine.clock.resume()
    machine.ms += 5
    after = machine.clock.turn(None)
    assert (after.monotonic_ms - frozen.monotonic_ms, after.wall_ms - frozen.wall_ms) == (5, 5)


def test_who_waits_for_an_answer_is_not_frozen() -> None:
    """A client's wait ends by the machine's clock or by broker time, whichever comes first; and so is the wake-up."""
    machine = Machine()
    machine.clock.freeze()
    deadline_ms = machine.clock.turn(None).waiting_ms + 500
    assert machine.clock.machine_seconds(deadline_ms) is None
    assert machine.clock.machine_seconds_of_wait(deadline_ms) == (machine.ms + 500) / 1000
    machine.ms += 200
    assert machine.clock.turn(None).waiting_ms == deadline_ms - 300
    machine.clock.step(250)
    assert machine.clock.turn(None).waiting_ms == deadline_ms - 50
    machine.clock.resume()
    assert machine.clock.machine_seconds_of_wait(deadline_ms) == (machine.ms + 50) / 1000
    machine.ms += 50
    assert machine.clock.turn(None).waiting_ms == deadline_ms
