"""Duplicated: one record can be read twice.

A producer id, epoch and sequence name a batch for certain (I3): the same ones twice in a log are a broker's mistake.
Without a producer id all there is to go by is what a record says. Two records of the same timestamp, key, value and
headers are *possibly* one record sent twice, as a retry is; a header that names the record makes it certain.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator

from minikafka.checker.anomaly import Anomaly
from minikafka.history import Event
from minikafka.ledger.causes import Cause
from minikafka.ledger.facts import PartitionFacts, in_order
from minikafka.ledger.finding import Finding
from minikafka.ledger.logs import LoggedPartition, LoggedRecord, opened
from minikafka.types import NO_PRODUCER_ID, Offset

UNKNOWN_PRODUCER = "I5"
"""The rule by which a batch of a producer that nothing is known of is taken."""


def find(facts: PartitionFacts, log: LoggedPartition, id_header: str | None) -> Iterator[Finding]:
    """Every second copy, with where the first one is."""
    by_sequence = list(_by_sequence(facts, log))
    yield from by_sequence
    found = {offset for one in by_sequence for offset in range(one.first_offset, one.last_offset + 1)}
    yield from (one for one in _by_content(facts, log, id_header) if one.first_offset not in found)


def _by_sequence(facts: PartitionFacts, log: LoggedPartition) -> Iterator[Finding]:
    first: dict[tuple[int, int, int], Offset] = {}
    forgotten: set[tuple[int, int]] = set()
    for batch in log.batches:
        if batch.producer_id == NO_PRODUCER_ID or batch.is_control or batch.first_sequence < 0:
            continue
        name = (batch.producer_id, batch.producer_epoch, batch.first_sequence)
        if name in first:
            why = f"producer {name[0]} epoch {name[1]} sequence {name[2]} is at offset {first[name]} already"
            chain = _appends(facts, first[name], batch.base_offset)
            if any(event.rule == UNKNOWN_PRODUCER for event in chain[1:]):
                forgotten.add(name[:2])  # and the rest of its retries follow, as if they were new
            cause = Cause.FORGOTTEN_PRODUCER if name[:2] in forgotten else Cause.NOT_RECOGNISED
            yield Finding(
                Anomaly.DUPLICATED, log.name, batch.base_offset, batch.last_offset, why, cause, chain
            )
        first.setdefault(name, batch.base_offset)


def _by_content(facts: PartitionFacts, log: LoggedPartition, id_header: str | None) -> Iterator[Finding]:
    first: dict[Hashable, Offset] = {}
    for record in opened(log.batches):
        name, is_certain = _identity(record, id_header)
        if name in first:
            yield Finding(
                Anomaly.DUPLICATED,
                log.name,
                record.offset,
                record.offset,
                f"the same record is at offset {first[name]} already",
                Cause.RETRIED,
                _appends(facts, first[name], record.offset),
                is_certain,
            )
        first.setdefault(name, record.offset)


def _identity(record: LoggedRecord, id_header: str | None) -> tuple[Hashable, bool]:
    if id_header is not None:
        for name, value in record.headers:
            if name == id_header:
                return (name, value), True
    return (record.timestamp_ms, record.key, record.value, record.headers), False


def _appends(facts: PartitionFacts, *offsets: Offset) -> tuple[Event, ...]:
    return in_order(
        *(
            batch.story
            for batch in facts.batches
            if any(batch.base_offset <= offset <= batch.last_offset for offset in offsets)
        )
    )
