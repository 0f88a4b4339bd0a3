"""Reordered: a producer's records in another order than it sent them.

With a producer id the sequence is the order (I4): one that goes back, and is not a second copy, was taken by mistake.
Without one, a batch that was refused and sent again stands behind those that were under way with it. What shows that
is that its records are older: *possibly*, since a program may set timestamps as it likes, so it counts only behind a
refusal in this partition.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from functools import partial

from minikafka.checker.anomaly import Anomaly
from minikafka.ledger.causes import Cause
from minikafka.ledger.event_facts import in_order
from minikafka.ledger.evidence import Evidence
from minikafka.ledger.finding import Finding
from minikafka.ledger.logs import LoggedBatch, LoggedPartition
from minikafka.ledger.outline import Outline
from minikafka.ledger.suspect import Suspect
from minikafka.ledger.wanted import Wanted
from minikafka.types import NO_PRODUCER_ID, TopicPartition

HALF = 1 << 30
"""Sequences go from 2147483647 to 0: further back than this is forward."""
Name = tuple[int, int, int]
"""Producer id, epoch and first sequence."""


def find(own: Outline, log: LoggedPartition) -> Iterator[Suspect]:
    """Every batch behind a later one of its producer."""
    yield from _by_sequence(log)
    if own.refusals:
        yield from _by_timestamp(own, log)


def _by_sequence(log: LoggedPartition) -> Iterator[Suspect]:
    """What goes back, unless it is a second copy: those are `duplicated.py`'s."""
    newest: dict[tuple[int, int], LoggedBatch] = {}
    behind: list[tuple[LoggedBatch, LoggedBatch]] = []
    for batch in log.batches:
        if not _has_sequence(batch):
            continue
        producer = (batch.producer_id, batch.producer_epoch)
        before = newest.get(producer)
        if before is not None and 0 < before.first_sequence - batch.first_sequence < HALF:
            behind.append((before, batch))
        else:
            newest[producer] = batch
    first = _first(log, {_name(batch) for _, batch in behind})
    for before, batch in behind:
        if first[_name(batch)] == batch.base_offset:
            offsets = (before.base_offset, batch.base_offset)
            wanted = Wanted(tuple((offset, offset) for offset in offsets))
            yield Suspect(log.name, wanted, partial(_tell_sequence, log.name, before, batch))


def _has_sequence(batch: LoggedBatch) -> bool:
    return batch.producer_id != NO_PRODUCER_ID and not batch.is_control and batch.first_sequence >= 0


def _name(batch: LoggedBatch) -> Name:
    return batch.producer_id, batch.producer_epoch, batch.first_sequence


def _first(log: LoggedPartition, names: set[Name]) -> dict[Name, int]:
    """The offset at which each of these comes first."""
    first: dict[Name, int] = {}
    if names:
        for batch in log.batches:
            if _has_sequence(batch) and _name(batch) in names:
                first.setdefault(_name(batch), batch.base_offset)
    return first


def _tell_sequence(
    name: TopicPartition, before: LoggedBatch, batch: LoggedBatch, evidence: Evidence
) -> Finding:
    why = (
        f"producer {batch.producer_id} epoch {batch.producer_epoch} sequence {batch.first_sequence} stands behind "
        f"{before.first_sequence} at offset {before.base_offset}"
    )
    stories = [
        one.story
        for offset in (before.base_offset, batch.base_offset)
        for one in evidence.of(name).batches.over(offset)
        if one.base_offset == offset
    ]
    cause = Cause.OUT_OF_SEQUENCE
    chain = in_order(*stories)
    return Finding(Anomaly.REORDERED, name, batch.base_offset, batch.last_offset, why, cause, chain)


def _by_timestamp(own: Outline, log: LoggedPartition) -> Iterator[Suspect]:
    newest: dict[str, tuple[int, int]] = {}
    """Of each client: the timestamp of its youngest batch so far, and the index of its row."""
    for batch in log.batches:
        index = own.told_of(batch.base_offset, batch.leader_epoch, batch.crc)
        client = None if index is None else own.client_of(index)
        if index is None or client is None or batch.producer_id != NO_PRODUCER_ID:
            continue
        timestamp, young = newest.get(client, (batch.first_timestamp_ms, index))
        if batch.first_timestamp_ms >= timestamp:
            newest[client] = (batch.first_timestamp_ms, index)
            continue
        before, behind = own.rows[young], own.rows[index]
        if bisect_left(own.refusals, before.seq) > 0:
            wanted = Wanted(tuple((row.base_offset, row.last_offset) for row in (before, behind)))
            yield Suspect(log.name, wanted, partial(_tell_timestamp, log.name, before.seq, behind.seq))


def _tell_timestamp(name: TopicPartition, before: int, behind: int, evidence: Evidence) -> Finding:
    """Their appends' `seq`."""
    own = evidence.of(name)
    first, batch = own.batch(before), own.batch(behind)
    refusal = [event for event in own.refused if event.seq < before][-1]
    return Finding(
        Anomaly.REORDERED,
        name,
        batch.base_offset,
        batch.last_offset,
        f"its records are older than those at offset {first.base_offset}",
        Cause.RETRIED_BEHIND,
        in_order([refusal], first.story, batch.story),
        is_certain=False,
    )
