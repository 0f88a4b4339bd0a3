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

from collections.abc import Iterator

from minikafka.checker.anomaly import Anomaly
from minikafka.ledger.facts import Batch, Facts, PartitionFacts, in_order
from minikafka.ledger.finding import Finding
from minikafka.ledger.logs import LoggedBatch, LoggedPartition
from minikafka.ledger.pieces import decision
from minikafka.ledger.why_lost import explain
from minikafka.types import NO_PRODUCER_ID

Content = tuple[int, int, int, int]
"""Producer id, its epoch and first sequence (or CRC), and the number of records."""


def find(facts: Facts, log: LoggedPartition, *, fsync: bool) -> Iterator[Finding]:
    """Every acknowledged batch that cannot be read any more."""
    if log.is_compacted:
        return
    own = facts.of(log.name)
    copies: dict[Content, list[Batch]] = {}
    for batch in gone(own, log):
        if batch.is_acknowledged:
            copies.setdefault(content_of(batch), []).append(batch)
    readable = {content_of(batch) for batch in log.batches} if copies else set()
    for content, batches in copies.items():
        if content in readable:
            continue
        if not batches[-1].transactional or _is_committed(batches[-1], facts):
            yield _finding(batches, own, fsync=fsync)


def gone(own: PartitionFacts, log: LoggedPartition) -> Iterator[Batch]:
    """Every batch that was appended, ought to be readable, and is not."""
    by_offset = {batch.base_offset: batch for batch in log.batches}
    for batch in own.batches:
        if batch.last_offset >= log.log_start_offset and _is_gone(batch, by_offset, log):
            yield batch


def content_of(batch: Batch | LoggedBatch) -> Content:
    """The same for a batch and its retries: by its sequence, or else by the CRC over all that its producer sent."""
    records = batch.last_offset - batch.base_offset
    if batch.producer_id == NO_PRODUCER_ID:
        return NO_PRODUCER_ID, batch.crc, 0, records
    return batch.producer_id, batch.producer_epoch, batch.first_sequence, records


def _is_committed(batch: Batch, facts: Facts) -> bool:
    decided = decision(facts, batch.producer_id, batch.producer_epoch, batch.append.seq)
    return decided is not None and decided.commit


def _is_gone(batch: Batch, by_offset: dict[int, LoggedBatch], log: LoggedPartition) -> bool:
    if batch.base_offset >= log.log_end_offset:
        return True
    if batch.base_offset >= log.high_watermark:
        return False  # in the log or not, nobody can read so far: `unseen.py`
    found = by_offset.get(batch.base_offset)
    return found is None or (found.leader_epoch, found.crc) != (batch.leader_epoch, batch.crc)


def _finding(copies: list[Batch], own: PartitionFacts, *, fsync: bool) -> Finding:
    """Of the newest copy: a producer sends again only what it heard no answer for."""
    *earlier, batch = copies
    cause, why, evidence = explain(batch, own, fsync=fsync)
    return Finding(
        Anomaly.LOST,
        batch.name,
        batch.base_offset,
        batch.last_offset,
        why,
        cause,
        in_order(*(copy.story for copy in earlier), batch.story, evidence),
    )
