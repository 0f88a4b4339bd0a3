"""Reordered: a producer's records in another order than it sent them.

With a producer id the sequence is the order (I4): one that goes back, and is not a second copy, was taken by mistake.
Without one, a batch that was refused and sent again stands behind those that were under way with it. What shows that
is that its records are older: *possibly*, since a program may set timestamps as it likes, so it counts only behind a
refusal in this partition.
"""

from __future__ import annotations

from collections.abc import Iterator

from minikafka.checker.anomaly import Anomaly
from minikafka.history import Event
from minikafka.ledger.causes import Cause
from minikafka.ledger.facts import Batch, PartitionFacts, in_order
from minikafka.ledger.finding import Finding
from minikafka.ledger.logs import LoggedBatch, LoggedPartition
from minikafka.types import NO_PRODUCER_ID

HALF = 1 << 30
"""Sequences go from 2147483647 to 0: further back than this is forward."""


def find(facts: PartitionFacts, log: LoggedPartition) -> Iterator[Finding]:
    """Every batch behind a later one of its producer."""
    yield from _by_sequence(facts, log)
    if facts.refused:
        yield from _by_timestamp(facts, log)


def _by_sequence(facts: PartitionFacts, log: LoggedPartition) -> Iterator[Finding]:
    newest: dict[tuple[int, int], LoggedBatch] = {}
    seen: set[tuple[int, int, int]] = set()
    for batch in log.batches:
        if batch.producer_id == NO_PRODUCER_ID or batch.is_control or batch.first_sequence < 0:
            continue
        producer = (batch.producer_id, batch.producer_epoch)
        name = (*producer, batch.first_sequence)
        before = newest.get(producer)
        if before is not None and 0 < before.first_sequence - batch.first_sequence < HALF:
            if name not in seen:
                yield _finding(facts, log, before, batch)
        else:
            newest[producer] = batch
        seen.add(name)


def _finding(facts: PartitionFacts, log: LoggedPartition, before: LoggedBatch, batch: LoggedBatch) -> Finding:
    why = (
        f"producer {batch.producer_id} epoch {batch.producer_epoch} sequence {batch.first_sequence} stands behind "
        f"{before.first_sequence} at offset {before.base_offset}"
    )
    stories = [
        one.story for one in facts.batches if one.base_offset in {before.base_offset, batch.base_offset}
    ]
    return Finding(
        Anomaly.REORDERED,
        log.name,
        batch.base_offset,
        batch.last_offset,
        why,
        Cause.OUT_OF_SEQUENCE,
        in_order(*stories),
    )


def _by_timestamp(facts: PartitionFacts, log: LoggedPartition) -> Iterator[Finding]:
    appended = {(one.base_offset, one.leader_epoch, one.crc): one for one in facts.batches}
    newest: dict[str, tuple[LoggedBatch, Batch]] = {}
    for batch in log.batches:
        told = appended.get((batch.base_offset, batch.leader_epoch, batch.crc))
        client = None if told is None or not told.acks else told.acks[0].get("client_id")
        if told is None or not isinstance(client, str) or batch.producer_id != NO_PRODUCER_ID:
            continue
        before = newest.get(client)
        if before is None or batch.first_timestamp_ms >= before[0].first_timestamp_ms:
            newest[client] = (batch, told)
            continue
        refusals = [one for one in facts.refused if _refuses(one) and one.seq < before[1].append.seq]
        if refusals:
            yield _possibly(log, before, (batch, told), refusals[-1])


def _refuses(event: Event) -> bool:
    return event.kind == "ack" or event.get("api") == "Produce"


def _possibly(
    log: LoggedPartition, before: tuple[LoggedBatch, Batch], behind: tuple[LoggedBatch, Batch], refusal: Event
) -> Finding:
    batch = behind[0]
    why = f"its records are older than those at offset {before[0].base_offset}"
    chain = in_order([refusal], before[1].story, behind[1].story)
    return Finding(
        Anomaly.REORDERED,
        log.name,
        batch.base_offset,
        batch.last_offset,
        why,
        Cause.RETRIED_BEHIND,
        chain,
        is_certain=False,
    )
