"""Offset reused: somebody knows a record at an offset, and another record is there now.

Known by an acknowledgement that left, or by a consumer that was handed it. Whoever knew it by an acknowledgement has
lost it as well (`lost.py`); a consumer that was handed it below a high watermark was shown what may not go.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

from minikafka.checker.anomaly import Anomaly
from minikafka.history import Event
from minikafka.ledger.batch import Batch
from minikafka.ledger.causes import Cause
from minikafka.ledger.event_facts import in_order, number
from minikafka.ledger.evidence import Evidence
from minikafka.ledger.finding import Finding
from minikafka.ledger.logs import LoggedPartition, Offsets
from minikafka.ledger.lost import Gone, content_of
from minikafka.ledger.partition_evidence import PartitionEvidence
from minikafka.ledger.suspect import Suspect
from minikafka.ledger.wanted import Wanted
from minikafka.ledger.why_lost import explain
from minikafka.types import TopicPartition


def find(
    lacking: Sequence[Gone], log: LoggedPartition, offsets: Offsets, *, fsync: bool
) -> Iterator[Suspect]:
    """Every batch that was known, and has been replaced. `lacking`: what `lost.gone` says of this log."""
    for row, _ in lacking:
        there = offsets.holding(row.base_offset)
        if there is None or content_of(there) == content_of(row):
            continue  # nothing, or a retry of the same
        span = (row.base_offset, row.last_offset)
        yield Suspect(log.name, Wanted((span,), reads=(span,)), partial(_tell, log.name, row.seq, fsync))


def _tell(name: TopicPartition, append: int, fsync: bool, evidence: Evidence) -> Finding | None:
    own = evidence.of(name)
    batch = own.batch(append)
    reads = list(_reads(batch, own))
    if not batch.is_acknowledged and not reads:
        return None
    cause, why, events = explain(batch, own, fsync=fsync)
    if cause is Cause.UNEXPLAINED or not batch.is_acknowledged:
        cause, why = (Cause.SHOWN_UNCOMMITTED, Cause.SHOWN_UNCOMMITTED.value.says) if reads else (cause, why)
    known = " and ".join(
        word for word, is_so in (("acknowledged", batch.is_acknowledged), ("read", bool(reads))) if is_so
    )
    return Finding(
        Anomaly.OFFSET_REUSED,
        name,
        batch.base_offset,
        batch.last_offset,
        f"{known}, and replaced: {why}",
        cause,
        in_order(batch.story, reads[:1], events),
    )


def _reads(batch: Batch, own: PartitionEvidence) -> Iterator[Event]:
    """A consumer was handed it: by a broker that had it, while it had it."""
    for read in own.reads.over(batch.base_offset, batch.last_offset):
        began = _had_from(batch, own, read)
        if began is not None and not _was_cut(batch, own, read, began):
            yield read


def _had_from(batch: Batch, own: PartitionEvidence, read: Event) -> int | None:
    if read.broker == batch.broker:
        return batch.append.seq if batch.append.seq < read.seq else None
    return max(
        (
            one.seq
            for one in own.replicated.over(batch.base_offset)
            if one.broker == read.broker and batch.append.seq < one.seq < read.seq
        ),
        default=None,
    )


def _was_cut(batch: Batch, own: PartitionEvidence, read: Event, since: int) -> bool:
    return any(
        cut.broker == read.broker
        and since < cut.seq < read.seq
        and number(cut, "offset" if cut.kind == "truncate" else "log_end_offset", 1 << 62)
        <= batch.base_offset
        for cut in own.cuts
    )
