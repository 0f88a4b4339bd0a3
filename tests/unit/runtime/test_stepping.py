"""Moving broker time by hand: when everything has arrived, and what each timer is for."""

from __future__ import annotations

import pytest
from minikafka import Cluster
from minikafka.broker.timer_kinds import TimerKind, kind_of
from minikafka.effects import TimerKey
from minikafka.runtime.control.time import LineEnd, Stand
from minikafka.runtime.stepping import NO_PEER, everything_arrived
from minikafka.runtime.supervisor import Supervisor
from minikafka.types import Now


def a_call(made_out: int, served_in: int, *, callee_runs: bool = True) -> list[Stand]:
    """Broker 1 called broker 2: each on its loop, with its end of the connection."""
    made = LineEnd(1, 2, "h:5", "h:9", 70, made_out)
    served = LineEnd(2, NO_PEER, "h:9", "h:5", served_in, 70)
    return [Stand(None, [1], [made]), Stand(None, [2] if callee_runs else [], [served])]


def nothing_is_cut(*_: int) -> bool:
    return False


def test_what_was_written_has_to_be_read() -> None:
    """Bytes in between are news that somebody has not heard yet."""
    assert everything_arrived(a_call(50, 50), nothing_is_cut)
    assert not everything_arrived(a_call(50, 20), nothing_is_cut)


def test_a_connection_being_made_is_waited_for() -> None:
    """Until the other end stands."""
    made = Stand(None, [1], [LineEnd(1, 2, "h:5", "h:9", 0, 0)])
    assert not everything_arrived([made, Stand(None, [2], [])], nothing_is_cut)


def test_nobody_waits_for_who_cannot_read() -> None:
    """A dead or paused node, and one that is cut off."""
    assert everything_arrived(a_call(50, 20, callee_runs=False), nothing_is_cut)
    assert everything_arrived(a_call(50, 20), lambda one, other: {one, other} == {1, 2})


@pytest.mark.parametrize(
    ("key", "kind"),
    [
        (("lifecycle", "beat"), TimerKind.SPEAKS),
        (("lifecycle", "leave"), TimerKind.EXACT),
        (("purgatory", "fetch"), TimerKind.WAIT),
        (("coordinator", "__cluster_metadata", 0, "session", "2"), TimerKind.ROUND),
        (("coordinator", "__consumer_offsets", 3, "session", "g", "member"), TimerKind.EXACT),
        (("coordinator", "__transaction_state", 3, "abort-timed-out"), TimerKind.ROUND),
        (("something", "new"), TimerKind.EXACT),
    ],
)
def test_the_kind_of_a_timer_goes_by_its_key(key: TimerKey, kind: TimerKind) -> None:
    """What nobody listed ends a step, which is slow at worst."""
    assert kind_of(key) is kind


def test_an_idle_cluster_waits_for_nothing_exact() -> None:
    """A timer set again and again that nobody listed would make a day of broker time as many steps."""

    async def exact(supervisor: Supervisor) -> list[int | None]:
        timelines = supervisor.hosting.timelines()
        return [(await one.stand(keep_members=True)).next_exact_in_ms for one in timelines]

    with Cluster(brokers=2, topics=["t:1:2"]) as kafka:
        kafka.clock.freeze()
        assert kafka.run(exact) == [None]


def test_broker_and_wall_time_move_by_what_was_asked() -> None:
    """To the millisecond while frozen, and nothing is told to have happened in an idle cluster."""
    with Cluster(brokers=2, topics=["t:1:2"]) as kafka:
        kafka.clock.freeze()
        before = kafka.clock.now
        kafka.clock.advance(seconds=1, ms=500)
        kafka.clock.advance(seconds=86_400)
        after = kafka.clock.now
        moved = Now(after.monotonic_ms - before.monotonic_ms, after.wall_ms - before.wall_ms)
        assert moved == Now(86_401_500, 86_401_500)
        assert (kafka.topic("t").partition(0).leader_epoch, kafka.topic("t").partition(0).isr) == (0, [1, 2])


@pytest.mark.parametrize("mode", ["thread", "process"])
def test_r12_a_killed_broker_can_be_started_while_time_stands_still(mode: str) -> None:
    """It has to wait for the end of its old session, so time moves on just as far as that; then it stands again."""
    with Cluster(mode=mode, brokers=2) as kafka:
        kafka.clock.freeze()
        before = kafka.clock.now
        kafka.broker(2).kill()
        kafka.broker(2).start()
        after = kafka.clock.now
        assert 0 < after.wall_ms - before.wall_ms < 10_000
        assert kafka.clock.now.wall_ms == after.wall_ms
