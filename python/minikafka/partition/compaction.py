"""Compaction: keep the last record of every key, and when a log is dirty enough for it (L16).

    |  cleaned before  |  dirty                      |  not to be touched yet        |
    log start          first dirty offset            first uncleanable offset        log end

A compacted topic is a table whose history may be forgotten: of each key only the last record has to stay. Cleaning
rewrites the segments below the *first uncleanable offset*, which is where a segment begins, and the lowest of

    the active segment's base                   it is still written
    the last stable offset                      what is above it may yet be aborted
    the first segment with a record younger     consumers may count on seeing every record for so long
    than `min.compaction.lag.ms`

Only the keys of the dirty part are looked up in the older part, so the cost of a round goes with the dirty part's keys,
and a log is worth it when

    dirty bytes / (clean + dirty bytes) > `min.cleanable.dirty.ratio`
    or its oldest dirty segment began more than `max.compaction.lag.ms` ago

Offsets never change. What goes leaves a hole, and who asks for an offset in it gets the next batch. How a round goes,
and what stays of a batch, is in `cleaning.py`. Each replica cleans by itself, so replicas may hold different batches of
the same records. KIP-58 (min lag), KIP-354 (max lag).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from minikafka.log.port import SegmentInfo
from minikafka.types import Offset

if TYPE_CHECKING:
    from minikafka.config import TopicSettings


class Cleanable(NamedTuple):
    """What of a log could be cleaned now.

    first_dirty_offset: everything below was cleaned. first_uncleanable_offset: exclusive end of what may be cleaned, a
    segment's base. is_overdue: `max.compaction.lag.ms` has passed.
    """

    first_dirty_offset: Offset
    first_uncleanable_offset: Offset
    clean_bytes: int
    dirty_bytes: int
    is_overdue: bool

    @property
    def dirty_ratio(self) -> float:
        """From 0, all clean or nothing there, to 1."""
        total = self.clean_bytes + self.dirty_bytes
        return self.dirty_bytes / total if total else 0.0

    def is_due(self, settings: TopicSettings) -> bool:
        """Whether it is worth it."""
        if self.is_overdue and self.dirty_bytes:
            return True
        return self.dirty_ratio > settings.min_cleanable_dirty_ratio


def cleanable(
    segments: Sequence[SegmentInfo],
    settings: TopicSettings,
    *,
    cleaned_offset: Offset,
    log_start_offset: Offset,
    last_stable_offset: Offset,
    now_ms: int,
) -> Cleanable:
    """`segments`: oldest first, the last one active. `cleaned_offset`: as checkpointed after the last round; outside of
    the log it means nothing, and all is dirty. `now_ms`: wall time."""
    first_dirty = cleaned_offset
    if not log_start_offset <= cleaned_offset <= segments[-1].next_offset:
        first_dirty = log_start_offset
    inactive = segments[:-1]
    dirty = [segment for segment in inactive if segment.next_offset > first_dirty]
    limit = min(segments[-1].base_offset, last_stable_offset)
    if settings.min_compaction_lag_ms > 0:
        youngest_ms = now_ms - settings.min_compaction_lag_ms
        young = (segment.base_offset for segment in dirty if segment.largest_timestamp > youngest_ms)
        limit = min(limit, next(young, limit))
    limit = max(limit, first_dirty)
    below = [segment for segment in inactive if segment.next_offset <= limit]
    end = below[-1].next_offset if below else inactive[0].base_offset if inactive else first_dirty
    return Cleanable(
        first_dirty_offset=first_dirty,
        first_uncleanable_offset=end,
        clean_bytes=sum(segment.size_bytes for segment in segments if segment.next_offset <= first_dirty),
        dirty_bytes=sum(segment.size_bytes for segment in below if segment.next_offset > first_dirty),
        is_overdue=_is_overdue(dirty, settings, now_ms),
    )


def _is_overdue(dirty: Sequence[SegmentInfo], settings: TopicSettings, now_ms: int) -> bool:
    """KIP-354: by the first batch of the oldest dirty segment that has a timestamp at all."""
    began = [segment.first_timestamp for segment in dirty if segment.first_timestamp > 0]
    return bool(began) and min(began) < now_ms - settings.max_compaction_lag_ms


def grouped(segments: Sequence[SegmentInfo], segment_bytes: int) -> list[list[SegmentInfo]]:
    """Segments that become one, so that cleaning does not leave many small ones: neighbours that together had no more
    than `segment.bytes`, and whose offsets are within 31 bits of the first one's base."""
    groups: list[list[SegmentInfo]] = []
    for segment in segments:
        group = groups[-1] if groups else []
        size = sum(one.size_bytes for one in group) + segment.size_bytes
        if group and size <= segment_bytes and segment.next_offset - group[0].base_offset < 2**31:
            group.append(segment)
        else:
            groups.append([segment])
    return groups
