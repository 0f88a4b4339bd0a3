"""Lost: a producer was told that its record is there, and it is not.

    acknowledged     an `ack` without an error whose bytes left (`left`): the producer may know. A transaction's records
                     are promised by the decision to commit it; what is aborted, or undecided, was never promised
    not there        the leader's log has, at its offset, nothing or a batch of another epoch or with other bytes
                     (a copy of it elsewhere, as a retry leaves one, can be read: then nothing is lost)
    on purpose       below the log start: retention, DeleteRecords. A compacted topic keeps one record of a key only.
                     These are not losses, and neither is what went with a deleted topic

Why it is gone says `why_lost.py`. What is in the log, and hidden from every read_committed reader although its
transaction committed, is lost as well: `ended.py` finds that.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import NamedTuple

from minikafka.checker.anomaly import Anomaly
from minikafka.ledger.event_facts import in_order
from minikafka.ledger.evidence import Evidence
from minikafka.ledger.facts import Facts
from minikafka.ledger.finding import Finding
from minikafka.ledger.logs import LoggedBatch, LoggedPartition, Offsets
from minikafka.ledger.outline import Outline, Row
from minikafka.ledger.suspect import Suspect
from minikafka.ledger.wanted import Wanted
from minikafka.ledger.why_lost import explain
from minikafka.types import NO_PRODUCER_ID, TopicPartition

Content = tuple[int, int, int, int]
"""Producer id, its epoch and first sequence (or CRC), and the number of records."""


def find(lacking: Sequence[Gone], facts: Facts, log: LoggedPartition, *, fsync: bool) -> Iterator[Suspect]:
    """Every acknowledged batch that cannot be read any more. `lacking`: what `gone` says of this log."""
    copies: dict[Content, list[Row]] = {}
    for row, was_left in lacking:
        if was_left:
            copies.setdefault(content_of(row), []).append(row)
    if copies:
        for batch in log.batches:
            copies.pop(content_of(batch), None)
    for rows in copies.values():
        if not rows[-1].transactional or _is_committed(rows[-1], facts):
            spans = tuple((row.base_offset, row.last_offset) for row in rows)
            appends = [row.seq for row in rows]
            yield Suspect(log.name, Wanted(spans), partial(_tell, log.name, appends, fsync))


class Gone(NamedTuple):
    """A batch that is not where it was appended. was_left: its producer may have heard that it is."""

    row: Row
    was_left: bool


def gone(own: Outline, log: LoggedPartition, offsets: Offsets) -> Iterator[Gone]:
    """Every batch that was appended, ought to be readable, and is not. A compacted topic keeps what it likes."""
    if log.is_compacted:
        return
    for row, was_left in zip(own.rows, own.was_left, strict=True):
        if row.last_offset >= log.log_start_offset and _is_gone(row, offsets, log):
            yield Gone(row, bool(was_left))


def content_of(batch: Row | LoggedBatch) -> Content:
    """The same for a batch and its retries: by its sequence, or else by the CRC over all that its producer sent."""
    records = batch.last_offset - batch.base_offset
    if batch.producer_id == NO_PRODUCER_ID:
        return NO_PRODUCER_ID, batch.crc, 0, records
    return batch.producer_id, batch.producer_epoch, batch.first_sequence, records


def _is_committed(row: Row, facts: Facts) -> bool:
    decided = facts.moves.decision(row.producer_id, row.producer_epoch, row.seq)
    return decided is not None and decided.commit


def _is_gone(row: Row, offsets: Offsets, log: LoggedPartition) -> bool:
    if row.base_offset >= log.log_end_offset:
        return True
    if row.base_offset >= log.high_watermark:
        return False  # in the log or not, nobody can read so far: `unseen.py`
    found = offsets.at(row.base_offset)
    return found is None or (found.leader_epoch, found.crc) != (row.leader_epoch, row.crc)


def _tell(name: TopicPartition, appends: Sequence[int], fsync: bool, evidence: Evidence) -> Finding:
    """Of the newest copy: a producer sends again only what it heard no answer for."""
    own = evidence.of(name)
    *earlier, batch = (own.batch(append) for append in appends)
    cause, why, events = explain(batch, own, fsync=fsync)
    return Finding(
        Anomaly.LOST,
        name,
        batch.base_offset,
        batch.last_offset,
        why,
        cause,
        in_order(*(copy.story for copy in earlier), batch.story, events),
    )
