"""What a leader knows of a follower (R1, R2, R18)."""

from __future__ import annotations

from minikafka.partition.replica import Replica

LAG = 30_000


def follower() -> Replica:
    replica = Replica(2)
    replica.begin_epoch(0, in_isr=False)
    return replica


def test_r1_a_fetch_acknowledges_everything_below_it() -> None:
    """The fetch offset is the follower's log end offset."""
    replica = follower()
    replica.fetched(5, 1, 9, 77, 100)
    assert (replica.log_end_offset, replica.log_start_offset, replica.broker_epoch) == (5, 1, 77)


def test_r2_a_fetch_at_the_leaders_end_is_caught_up_now() -> None:
    """Asking for the leader's end offset means having everything, at this moment."""
    replica = follower()
    replica.fetched(9, 0, 9, -1, 100)
    assert replica.last_caught_up_time_ms == 100
    assert replica.is_caught_up(9, 10**9, LAG)
    assert replica.is_caught_up(10, 100 + LAG, LAG)
    assert not replica.is_caught_up(10, 101 + LAG, LAG)


def test_r2_a_steady_follower_is_caught_up_as_of_its_previous_fetch() -> None:
    """Reaching what the leader had one fetch ago counts from that fetch, although the end has moved on."""
    replica = follower()
    replica.fetched(0, 0, 10, -1, 100)
    replica.fetched(10, 0, 20, -1, 200)
    assert replica.last_caught_up_time_ms == 100
    replica.fetched(20, 0, 30, -1, 300)
    assert replica.last_caught_up_time_ms == 200


def test_r2_a_slow_follower_is_not_caught_up() -> None:
    """Fetching, but never reaching what the leader had before: the caught-up time stands still."""
    replica = follower()
    replica.fetched(0, 0, 10, -1, 100)
    replica.fetched(5, 0, 20, -1, 200)
    replica.fetched(15, 0, 30, -1, 300)
    assert replica.last_caught_up_time_ms == -1


def test_r18_a_new_leader_believes_the_isr() -> None:
    """Members count as caught up at the election, others as never; offsets are unknown until they fetch."""
    replica = follower()
    replica.fetched(9, 0, 9, 5, 100)
    replica.begin_epoch(1_000, in_isr=True)
    assert replica.log_end_offset == -1
    assert replica.is_caught_up(50, 1_000 + LAG, LAG)
    assert not replica.is_caught_up(50, 1_001 + LAG, LAG)
    replica.begin_epoch(1_000, in_isr=False)
    assert not replica.is_caught_up(50, 1_000, LAG)
