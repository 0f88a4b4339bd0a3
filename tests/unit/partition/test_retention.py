"""Which segments go, and what goes with them (L12, L13, L15)."""

from __future__ import annotations

import pytest
from minikafka.config import TopicSettings
from minikafka.log.model import ModelSegmentInfo
from minikafka.partition.retention import delete_before

from tests.unit.partition.kit import WALL_MS, World, at, records

DAY_MS = 24 * 3600 * 1000
FOREVER = {"retention.ms": -1}


def segments(*sizes: int, newest: tuple[int, ...] = ()) -> list[ModelSegmentInfo]:
    """Segments of ten offsets each and of these sizes; `newest` are their largest timestamps, or WALL_MS."""
    ages = newest or (WALL_MS,) * len(sizes)
    return [
        ModelSegmentInfo(10 * index, 10 * index + 10, size, age)
        for index, (size, age) in enumerate(zip(sizes, ages, strict=True))
    ]


def going(
    found: list[ModelSegmentInfo],
    settings: dict[str, str | int],
    *,
    log_start_offset: int = 0,
    high_watermark: int = 1_000,
) -> int | None:
    return delete_before(
        found,
        TopicSettings().with_overrides(settings),
        log_start_offset=log_start_offset,
        high_watermark=high_watermark,
        now_ms=WALL_MS,
    )


def test_l13_segments_below_the_log_start_go_whatever_their_age() -> None:
    """Whole ones only: the segment that holds the log start stays."""
    assert going(segments(5, 5, 5), FOREVER, log_start_offset=20) == 20
    assert going(segments(5, 5, 5), FOREVER, log_start_offset=19) == 10
    assert going(segments(5, 5, 5), FOREVER, log_start_offset=9) is None


@pytest.mark.parametrize(
    ("retention_bytes", "expected"),
    [(16, None), (15, None), (11, None), (10, 10), (6, 10), (5, 20), (1, 20), (0, 30), (-1, None)],
)
def test_l13_by_size_a_segment_goes_only_while_the_limit_is_there_without_it(
    retention_bytes: int, expected: int | None
) -> None:
    """So a log is larger than `retention.bytes` by up to one segment; -1 means no limit."""
    settings: dict[str, str | int] = {**FOREVER, "retention.bytes": retention_bytes}
    assert going(segments(5, 5, 5), settings) == expected


@pytest.mark.parametrize(("age_ms", "expected"), [(1_000, None), (1_001, 10)])
def test_l13_by_time_a_segment_goes_when_its_newest_record_is_older_than_retention_ms(
    age_ms: int, expected: int | None
) -> None:
    """Records have an age, files have none."""
    found = segments(5, 5, newest=(WALL_MS - age_ms, WALL_MS))
    assert going(found, {"retention.ms": 1_000}) == expected


def test_l13_a_record_from_the_future_pins_its_segment_and_all_later_ones() -> None:
    """Oldest first, and the first that must stay ends it."""
    old = WALL_MS - DAY_MS
    assert going(segments(5, 5, 5, newest=(old, WALL_MS + 1, old)), {"retention.ms": 1_000}) == 10


def test_l13_a_segment_without_timestamps_does_not_go_by_time() -> None:
    """Where Kafka goes by the file's modification time."""
    assert going(segments(5, 5, newest=(-1, WALL_MS)), {"retention.ms": 0}) is None


def test_l13_nothing_at_or_above_the_high_watermark_goes() -> None:
    """Not even by the log start, which cannot be above it."""
    found = segments(5, 5, 5, newest=(0, 0, 0))
    assert going(found, {"retention.ms": 1}, high_watermark=29) == 20
    assert going(found, {"retention.ms": 1}, high_watermark=30) == 30
    assert going(found, {"retention.ms": 1}, high_watermark=9) is None


def test_l13_an_empty_active_segment_stays() -> None:
    """There is nothing in it to delete, and rolling it would change nothing."""
    found = [*segments(5, newest=(0,)), ModelSegmentInfo(10, 10, 0, -1)]
    assert going(found, {"retention.bytes": 0}, high_watermark=10) == 10
    assert going(found[1:], {"retention.bytes": 0}, high_watermark=10) is None


def test_l13_without_delete_in_the_policy_only_the_log_start_counts() -> None:
    """A compacted topic keeps records of any age; what lies below its log start still goes."""
    found = segments(5, 5, newest=(0, 0))
    settings: dict[str, str | int] = {"cleanup.policy": "compact", "retention.ms": 1, "retention.bytes": 0}
    assert going(found, settings) is None
    assert going(found, settings, log_start_offset=10) == 10
    assert going(found, settings | {"cleanup.policy": "compact,delete"}) == 20


def test_l13_size_is_counted_after_what_the_log_start_took() -> None:
    """The reasons are looked at one after the other."""
    settings: dict[str, str | int] = {**FOREVER, "retention.bytes": 5}
    assert going(segments(100, 5, 5), settings, log_start_offset=10) == 20


# The replica.


def test_l13_the_active_segment_is_rolled_first() -> None:
    """Then the log is empty at its old end, goes on from there, and what was rolled is to be flushed (L9)."""
    world = World({"retention.ms": 1_000}).lead()
    for _ in range(3):
        world.append()
    assert not world.partition.enforce_retention(at(1_000))
    assert world.partition.enforce_retention(at(1_001))
    assert world.partition.progress() == (3, 3, 3, 3)
    assert world.partition.wants_flush
    assert world.log.port.segment_count == 1
    assert world.append().base_offset == 3
    assert not world.partition.enforce_retention(at(1_000))


def test_l13_a_record_not_yet_committed_keeps_its_segment() -> None:
    """A follower has not fetched the second record: the segment that holds it stays, the older one goes."""
    world = World({"retention.ms": 1_000, "segment.bytes": 100}).lead((1, 2))
    for _ in range(2):
        world.append(records(b"x" * 30))
    world.ack(2, 1)
    assert world.partition.enforce_retention(at(5_000))
    assert (world.log.log_start_offset, world.log.log_end_offset) == (1, 2)


def test_l13_followers_delete_for_themselves() -> None:
    """By their own high watermark."""
    world = World({"retention.ms": 1_000}).lead()
    world.append()
    world.follow(epoch=1)
    assert world.partition.enforce_retention(at(5_000))
    assert world.log.log_start_offset == 1


def test_l13_producer_snapshots_go_with_their_segments() -> None:
    """Those below the first segment left; producers themselves are remembered (I10)."""
    world = World({"retention.ms": 1_000, "segment.bytes": 150}).lead()
    batches = [records(b"x" * 60, producer_id=7, epoch=0, sequence=sequence) for sequence in range(3)]
    for batch in batches:
        world.append(batch)

    def snapshots() -> list[str]:
        names = world.disk.list_directory("data/orders-0")
        return [name for name in names if name.endswith(".snapshot")]

    assert snapshots() == ["00000000000000000001.snapshot", "00000000000000000002.snapshot"]
    assert world.partition.enforce_retention(at(5_000))
    assert snapshots() == ["00000000000000000003.snapshot"]
    assert world.append(batches[2]).duplicate


def test_l13_leader_epochs_start_where_the_log_does() -> None:
    """L11: what deleted segments held is no epoch's beginning any more."""
    world = World({"retention.ms": 1_000}).lead(epoch=3)
    world.append()
    world.partition.enforce_retention(at(5_000))
    assert world.log.epochs.end_of(3, world.log.log_end_offset) == (3, 1)
    assert world.append().base_offset == 1


def test_l12_the_last_stable_offset_does_not_stay_below_the_log_start() -> None:
    """DeleteRecords may pass an open transaction; readers then find nothing stable, but no offset that is gone."""
    world = World().lead()
    world.append(records(producer_id=7, epoch=0, sequence=0, transactional=True))
    assert world.partition.last_stable_offset == 0
    world.append()
    assert world.partition.delete_records(2) == 2
    assert world.partition.last_stable_offset == 2


def test_l12_the_low_watermark_waits_for_followers_that_are_not_fenced() -> None:
    """And says so once when one of them told of another log start."""
    world = World().lead((1, 2, 3))
    world.append()
    for follower in (2, 3):
        world.ack(follower, 1)
    assert world.partition.take_start_moved()
    assert not world.partition.take_start_moved()
    assert world.partition.delete_records(1) == 1
    assert world.partition.low_watermark() == 0
    for follower in (2, 3):
        world.partition.follower_fetched(follower, world.brokers.epochs[follower], 1, follower - 2, at())
    assert world.partition.take_start_moved()
    assert world.partition.low_watermark() == 0
    world.brokers.fenced.add(2)
    assert world.partition.low_watermark() == 1


def test_l15_flush_ms_asks_for_a_flush_once_the_last_one_is_that_long_ago() -> None:
    """A log with nothing to flush counts as flushed."""
    world = World({"flush.ms": 100}).lead()
    world.partition.look_at_flush_ms(at(1_000))
    world.append()
    world.partition.look_at_flush_ms(at(1_099))
    assert not world.partition.wants_flush
    world.partition.look_at_flush_ms(at(1_100))
    assert world.partition.wants_flush
    world.log.port.flush()
    world.partition.flush_completed(1, at(1_110))
    assert not world.partition.wants_flush


def test_run_time_settings_take_effect_at_once() -> None:
    """retention.ms, segment.bytes, max.message.bytes and min.insync.replicas, altered while the partition is led."""
    world = World().lead((1, 2), isr=(1,))
    batch = records(b"x" * 60)
    world.append(batch)
    assert world.high_watermark == 1
    altered = world.settings.with_overrides(
        {"retention.ms": 1_000, "segment.bytes": 150, "max.message.bytes": 140, "min.insync.replicas": 2}
    )
    world.partition.configure(altered)
    assert world.refusal(batch, acks=-1).name == "NOT_ENOUGH_REPLICAS"
    world.append(batch)
    assert world.log.port.segment_count == 2
    assert world.high_watermark == 1, "frozen (R6)"
    assert world.refusal(records(b"x" * 100)).name == "MESSAGE_TOO_LARGE"
    assert world.partition.enforce_retention(at(5_000))
    assert (world.log.log_start_offset, world.log.log_end_offset) == (1, 2)
