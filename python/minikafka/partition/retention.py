"""Which segments of a log may go: retention by start, by size and by time (L12, L13).

Whole segments go, oldest first, until one has to stay. A segment goes when

    it lies below the log start offset       DeleteRecords, or the leader, moved that past it (L12)
    retention.bytes are there without it     so the log stays above the limit by up to one segment
    its *largest* record timestamp is old    retention.ms passed since; records, not files, have an age, so one record
                                             from the future pins its segment, and with it all later ones

and only if all of it lies below the high watermark. The active segment can go as well: it is rolled first. Without
`delete` in `cleanup.policy` only the first reason counts. Every replica looks for itself, followers too.

Kafka ages a segment without any record timestamp by its file's modification time; here it never goes by time.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import takewhile
from typing import TYPE_CHECKING

from minikafka.log.port import SegmentInfo
from minikafka.types import NO_TIMESTAMP, Offset

if TYPE_CHECKING:
    from minikafka.config import TopicSettings


def delete_before(
    segments: Sequence[SegmentInfo],
    settings: TopicSettings,
    *,
    log_start_offset: Offset,
    high_watermark: Offset,
    now_ms: int,
) -> Offset | None:
    """All segments that end at or below this offset go; None when all of them stay. `segments`: oldest first, the last
    one active. `now_ms` is wall time. The answer never passes the high watermark."""
    committed = _committed(segments, high_watermark)
    going = _below_start(committed, log_start_offset)
    if "delete" in settings.cleanup_policy:
        total = sum(segment.size_bytes for segment in segments[going:])
        going += _over_size(committed[going:], total, settings.retention_bytes)
        going += _over_age(committed[going:], now_ms, settings.retention_ms)
    return committed[going - 1].next_offset if going else None


def _committed(segments: Sequence[SegmentInfo], high_watermark: Offset) -> Sequence[SegmentInfo]:
    """Those wholly below the high watermark, less an active one that is empty: there is nothing in it to delete."""
    held = [segment for segment in segments if segment.next_offset <= high_watermark]
    return held[:-1] if held and held[-1] is segments[-1] and held[-1].size_bytes == 0 else held


def _below_start(segments: Sequence[SegmentInfo], log_start_offset: Offset) -> int:
    """How many of the oldest hold nothing that can be read any more."""
    return _leading(segment.next_offset <= log_start_offset for segment in segments)


def _over_size(segments: Sequence[SegmentInfo], total_bytes: int, retention_bytes: int) -> int:
    """How many of the oldest the log can lose and still hold `retention.bytes`; -1 means no limit."""
    if retention_bytes < 0:
        return 0
    excess = total_bytes - retention_bytes
    going = 0
    for segment in segments:
        excess -= segment.size_bytes
        if excess < 0:
            break
        going += 1
    return going


def _over_age(segments: Sequence[SegmentInfo], now_ms: int, retention_ms: int) -> int:
    """How many of the oldest have only records older than `retention.ms`; -1 means no limit."""
    if retention_ms < 0:
        return 0
    return _leading(
        segment.largest_timestamp != NO_TIMESTAMP and now_ms - segment.largest_timestamp > retention_ms
        for segment in segments
    )


def _leading(holds: Iterable[bool]) -> int:
    """How many hold before the first that does not."""
    return sum(takewhile(bool, holds))
