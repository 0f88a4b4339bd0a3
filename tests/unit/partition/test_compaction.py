"""When a compacted log is worth cleaning, and how far up it may be (L16)."""

from __future__ import annotations

import pytest
from minikafka.config import TopicSettings
from minikafka.log.model import ModelSegmentInfo
from minikafka.partition.compaction import Cleanable, cleanable, grouped

from tests.unit.partition.kit import WALL_MS

COMPACT: dict[str, str | int] = {"cleanup.policy": "compact"}


def segments(*sizes: int, began: tuple[int, ...] = ()) -> list[ModelSegmentInfo]:
    """Segments of ten offsets each and of these sizes, the last one active; `began`: their timestamps."""
    times = began or (WALL_MS,) * len(sizes)
    return [
        ModelSegmentInfo(10 * index, 10 * index + 10, size, time, time)
        for index, (size, time) in enumerate(zip(sizes, times, strict=True))
    ]


def look(
    found: list[ModelSegmentInfo],
    settings: dict[str, str | int] | None = None,
    *,
    cleaned: int = 0,
    log_start: int = 0,
    stable: int = 1_000,
) -> Cleanable:
    return cleanable(
        found,
        _settings(settings),
        cleaned_offset=cleaned,
        log_start_offset=log_start,
        last_stable_offset=stable,
        now_ms=WALL_MS,
    )


def _settings(settings: dict[str, str | int] | None) -> TopicSettings:
    return TopicSettings().with_overrides({**COMPACT, **(settings or {})})


def test_l16_the_active_segment_is_never_cleaned() -> None:
    """Up to its base offset everything may be."""
    what = look(segments(5, 5, 5))
    assert (what.first_dirty_offset, what.first_uncleanable_offset) == (0, 20)
    assert (what.clean_bytes, what.dirty_bytes, what.dirty_ratio) == (0, 10, 1.0)
    assert look(segments(5)).dirty_bytes == 0


@pytest.mark.parametrize(("stable", "end"), [(30, 30), (29, 20), (20, 20), (19, 10), (9, 0)])
def test_l16_nothing_at_or_above_the_last_stable_offset_is_cleaned(stable: int, end: int) -> None:
    """What an open transaction wrote may yet be aborted; its segment stays whole."""
    assert look(segments(5, 5, 5, 5), stable=stable).first_uncleanable_offset == end


def test_l16_min_compaction_lag_keeps_young_segments() -> None:
    """The first segment with a record younger than that, and all after it."""
    found = segments(5, 5, 5, 5, began=(WALL_MS - 500, WALL_MS - 99, WALL_MS - 500, WALL_MS))
    assert look(found, {"min.compaction.lag.ms": 100}).first_uncleanable_offset == 10
    assert look(found, {"min.compaction.lag.ms": 99}).first_uncleanable_offset == 30
    assert look(found, {"min.compaction.lag.ms": 0}).first_uncleanable_offset == 30


def test_l16_a_log_is_due_once_its_dirty_share_passes_the_ratio() -> None:
    """The ratio itself is not enough; of a clean log nothing is due even at 0."""
    half = look(segments(5, 5, 1), cleaned=10)
    assert half.dirty_ratio == 0.5
    assert not half.is_due(_settings(None))
    assert half.is_due(_settings({"min.cleanable.dirty.ratio": "0.49"}))
    assert not look(segments(5, 5, 1), cleaned=20).is_due(_settings({"min.cleanable.dirty.ratio": "0"}))


def test_l16_max_compaction_lag_makes_a_log_due_whatever_the_ratio() -> None:
    """By the first batch of the oldest dirty segment; without anything that may be cleaned there is nothing to do."""
    lag: dict[str, str | int] = {"max.compaction.lag.ms": 100}
    old = segments(50, 1, 1, began=(WALL_MS - 900, WALL_MS - 101, WALL_MS))
    assert look(old, lag, cleaned=10).is_due(_settings(lag))
    assert not look(segments(50, 1, 1, began=(1, WALL_MS - 100, WALL_MS)), lag, cleaned=10).is_due(
        _settings(lag)
    )
    assert not look(old, lag, cleaned=10, stable=10).is_due(_settings(lag))


def test_l16_max_compaction_lag_also_ends_segments() -> None:
    """A record in the active segment cannot be compacted, so the segment may not stay active for longer (KIP-354)."""
    assert _settings({"max.compaction.lag.ms": 100}).longest_segment_ms == 100
    assert _settings({"max.compaction.lag.ms": 100, "cleanup.policy": "delete"}).longest_segment_ms > 100


@pytest.mark.parametrize("cleaned", [9, 41])
def test_l16_a_checkpoint_outside_of_the_log_means_nothing(cleaned: int) -> None:
    """Below the log start, or above the log end after a truncation: all is dirty again."""
    assert look(segments(5, 5, 5, 5), cleaned=cleaned, log_start=10).first_dirty_offset == 10


def test_l16_small_neighbours_become_one_segment() -> None:
    """As long as together they had no more than `segment.bytes`."""
    found = segments(4, 4, 4, 9, 1)
    assert [[one.base_offset for one in group] for group in grouped(found, 9)] == [[0, 10], [20], [30], [40]]
    far = [ModelSegmentInfo(0, 10, 1, 0), ModelSegmentInfo(10, 2**31, 1, 0)]
    assert len(grouped(far, 9)) == 2
