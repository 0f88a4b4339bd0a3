"""What goes into a partition and what comes out of it."""

from __future__ import annotations

from enum import Enum
from typing import Final, NamedTuple

from minikafka.types import NO_OFFSET, BrokerId, Buffer, LeaderEpoch, Offset, ProducerId

PAGE_CACHE: Final = "page-cache"
"""A replica counts up to its log end offset, as in stock Kafka (D1)."""
FSYNC: Final = "fsync"
"""A replica counts up to its recovery point only."""


class Isolation(Enum):
    """What bounds a reader (F1)."""

    REPLICA = "log end offset"
    READ_UNCOMMITTED = "high watermark"
    READ_COMMITTED = "last stable offset"


class Origin(Enum):
    """Who wrote a batch: a client's is checked in full, a coordinator's for its epoch only (I1)."""

    CLIENT = "client"
    COORDINATOR = "coordinator"


class Progress(NamedTuple):
    """How far everything is; all but the start exclusive."""

    log_start_offset: Offset
    log_end_offset: Offset
    high_watermark: Offset
    last_stable_offset: Offset


class Appended(NamedTuple):
    """Where a batch is. `log_append_time_ms` is -1 under CreateTime, but a duplicate answers the time of the batch
    remembered (L8)."""

    base_offset: Offset
    last_offset: Offset
    log_append_time_ms: int
    log_start_offset: Offset
    duplicate: bool
    told_as: int | None = None
    """The `n` of the event that told it, for what it causes (`trace.py`); None while nobody listens."""


class Read(NamedTuple):
    """What a fetch gets. aborted: (producer id, first offset) by first offset (T11). diverging: (epoch, end offset)
    where the reader's log parts from ours (F9). preferred_replica: the reader should ask that broker instead (F11).
    at_end: the reader has all that there is for it, and hears more only once something moves. next_offset: where the
    records end, exclusive; -1 without any."""

    records: Buffer
    high_watermark: Offset
    last_stable_offset: Offset
    log_start_offset: Offset
    aborted: list[tuple[ProducerId, Offset]]
    diverging: tuple[LeaderEpoch, Offset] | None
    preferred_replica: BrokerId | None = None
    at_end: bool = False
    next_offset: Offset = NO_OFFSET
