"""The rules of the log show in the trace, where they decide (L1, L4-L7, L9, L11-L13, L15)."""

from __future__ import annotations

import pytest
from minikafka.errors import Rejected
from minikafka.log.batch import build_batch
from minikafka.trace import Trace

from tests.unit.partition.kit import WALL_MS, World, at, records


def traced(settings: dict[str, str | int] | None = None) -> tuple[World, Trace]:
    world = World(settings)
    trace = world.partition._local.trace = Trace(on=True)
    trace.begin(at())
    return world, trace


def told(trace: Trace) -> set[tuple[str, str]]:
    """(kind, rule) of every event so far."""
    return {(event.kind, event.rule) for event in trace.take()}


@pytest.mark.parametrize(
    ("data", "rule"),
    [
        (b"", "L1"),
        (build_batch([(WALL_MS, b"k", b"v", ())], control=True), "L4"),
        (build_batch([(WALL_MS, None, b"v", ())]), "L5"),
        (build_batch([(WALL_MS + 10**10, b"k", b"v", ())]), "L6"),
        (build_batch([(WALL_MS + 10**10, b"k", b"v", ()), (WALL_MS, None, b"v", ())]), "L7"),
    ],
)
def test_l7_a_refusal_names_the_rule_that_the_batch_broke(data: bytes, rule: str) -> None:
    """L7 itself when its records broke several."""
    world = World({"cleanup.policy": "compact"}).lead()
    with pytest.raises(Rejected) as refused:
        world.append(data)
    assert refused.value.rule == rule


def test_l9_rolls_epochs_log_starts_deletions_and_flushes_are_told() -> None:
    """Each with its rule, by whoever acted on it."""
    world, trace = traced({"segment.bytes": 200, "flush.messages": 1, "retention.ms": 0})
    world.lead(epoch=3)
    for _ in range(4):
        world.append(records(b"x" * 60, timestamp=WALL_MS - 10))
    world.partition.delete_records(1)
    world.partition.enforce_retention(at())
    expected = {
        ("leader_epoch", "L11"),
        ("roll", "L9"),
        ("log_start", "L12"),
        ("delete", "L13"),
        ("flush", "L15"),
    }
    assert expected <= told(trace)


def test_l12_a_follower_tells_the_epoch_and_the_log_start_it_takes_over() -> None:
    """L11 with the first batch of an epoch, L12 as the leader's log start passes."""
    world, trace = traced()
    world.follow(epoch=2)
    assert world.partition.fetch_position() is not None
    batch = records(b"a", b"b", leader_epoch=2)
    world.partition.fetched(batch, 2, 1, None, at())
    assert {("leader_epoch", "L11"), ("log_start", "L12")} <= told(trace)


def test_l9_a_marker_that_rolls_a_segment_asks_for_its_flush() -> None:
    """As any other append that rolls does; nobody waits for it."""
    world = World({"segment.bytes": 200}).lead()
    world.append(records(b"x" * 100, producer_id=7, epoch=0, sequence=0, transactional=True))
    assert not world.partition.wants_flush
    world.end(7, 0, commit=True)
    assert world.log.port.segment_count == 2
    assert world.partition.wants_flush
