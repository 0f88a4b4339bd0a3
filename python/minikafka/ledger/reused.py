"""Offset reused: somebody knows a record at an offset, and another record is there now.

Known by an acknowledgement that left, or by a consumer that was handed it. Whoever knew it by an acknowledgement has
lost it as well (`lost.py`); a consumer that was handed it below a high watermark was shown what may not go.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator

from minikafka.checker.anomaly import Anomaly
from minikafka.history import Event
from minikafka.ledger.causes import Cause
from minikafka.ledger.facts import Batch, PartitionFacts, in_order, number
from minikafka.ledger.finding import Finding
from minikafka.ledger.logs import LoggedBatch, LoggedPartition
from minikafka.ledger.lost import content_of, gone
from minikafka.ledger.why_lost import explain
from minikafka.types import Offset


def find(own: PartitionFacts, log: LoggedPartition, *, fsync: bool) -> Iterator[Finding]:
    """Every batch that was known, and has been replaced."""
    if log.is_compacted:
        return
    starts = [batch.base_offset for batch in log.batches]
    for batch in gone(own, log):
        there = _at(batch.base_offset, log, starts)
        if there is None or content_of(there) == content_of(batch):
            continue  # nothing, or a retry of the same
        reads = list(_reads(batch, own))
        if not batch.is_acknowledged and not reads:
            continue
        cause, why, evidence = explain(batch, own, fsync=fsync)
        if cause is Cause.UNEXPLAINED or not batch.is_acknowledged:
            cause, why = (
                (Cause.SHOWN_UNCOMMITTED, Cause.SHOWN_UNCOMMITTED.value.says) if reads else (cause, why)
            )
        known = " and ".join(
            word for word, is_so in (("acknowledged", batch.is_acknowledged), ("read", bool(reads))) if is_so
        )
        yield Finding(
            Anomaly.OFFSET_REUSED,
            log.name,
            batch.base_offset,
            batch.last_offset,
            f"{known}, and replaced: {why}",
            cause,
            in_order(batch.story, reads[:1], evidence),
        )


def _at(offset: Offset, log: LoggedPartition, starts: list[Offset]) -> LoggedBatch | None:
    """The batch that holds this offset now. `starts`: base offsets of the log's batches."""
    index = bisect_right(starts, offset) - 1
    return log.batches[index] if index >= 0 and offset <= log.batches[index].last_offset else None


def _reads(batch: Batch, own: PartitionFacts) -> Iterator[Event]:
    """A consumer was handed it: by a broker that had it, while it had it."""
    for read in own.reads:
        if number(read, "offset") <= batch.last_offset and batch.base_offset < number(read, "next_offset"):
            began = _had_from(batch, own, read)
            if began is not None and not _was_cut(batch, own, read, began):
                yield read


def _had_from(batch: Batch, own: PartitionFacts, read: Event) -> int | None:
    if read.broker == batch.broker:
        return batch.append.seq if batch.append.seq < read.seq else None
    return max(
        (
            one.seq
            for one in own.replicated
            if one.broker == read.broker
            and batch.append.seq < one.seq < read.seq
            and number(one, "base_offset", 1 << 62) <= batch.base_offset <= number(one, "last_offset")
        ),
        default=None,
    )


def _was_cut(batch: Batch, own: PartitionFacts, read: Event, since: int) -> bool:
    return any(
        cut.broker == read.broker
        and since < cut.seq < read.seq
        and number(cut, "offset" if cut.kind == "truncate" else "log_end_offset", 1 << 62)
        <= batch.base_offset
        for cut in own.cuts
    )
