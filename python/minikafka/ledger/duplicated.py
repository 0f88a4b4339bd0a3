"""Duplicated: one record can be read twice.

A producer id, epoch and sequence name a batch for certain (I3): the same ones twice in a log are a broker's mistake.
Without a producer id all there is to go by is what a record says. Two records of the same timestamp, key, value and
headers are *possibly* one record sent twice, as a retry is; a header that names the record, or somebody who knows where
a topic's records have their ids, makes it certain.

What was aborted, or is not decided, is no first copy: a transaction given up and done again leaves the same record
twice in the log, and readers get it once.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from functools import partial

from minikafka.checker.anomaly import Anomaly
from minikafka.history import Event
from minikafka.ledger.causes import Cause
from minikafka.ledger.event_facts import in_order
from minikafka.ledger.evidence import Evidence
from minikafka.ledger.finding import Finding
from minikafka.ledger.logs import IdOf, LoggedBatch, LoggedPartition, LoggedRecord, opened
from minikafka.ledger.pieces import GivenUp
from minikafka.ledger.repeated import Repeated
from minikafka.ledger.suspect import Suspect
from minikafka.ledger.wanted import Wanted
from minikafka.types import NO_PRODUCER_ID, Offset, TopicPartition

UNKNOWN_PRODUCER = "I5"
"""The rule by which a batch of a producer that nothing is known of is taken."""
Name = tuple[int, int, int]
"""Producer id, epoch and first sequence."""


def find(log: LoggedPartition, id_header: str | None, id_of: IdOf | None = None) -> Iterator[Suspect]:
    """Every second copy, with where the first one is. `id_of` comes before `id_header`.

    Names and records are compared by their hashes first, so that only those that come twice are kept.
    """
    found: set[Offset] = set()
    forgotten: set[tuple[int, int]] = set()
    for first, batch in _by_sequence(log):
        found.update(range(batch.base_offset, batch.last_offset + 1))
        tell = partial(_tell_sequence, log.name, first, batch, forgotten)
        yield Suspect(log.name, _wanted(first, batch.base_offset), tell)
    for first, offset, cause, is_certain in _by_content(log, partial(_identity, id_header, id_of)):
        if offset not in found:
            tell = partial(_tell_content, log.name, first, offset, cause, is_certain)
            yield Suspect(log.name, _wanted(first, offset), tell)


def _wanted(*offsets: Offset) -> Wanted:
    return Wanted(tuple((offset, offset) for offset in offsets))


def _named(log: LoggedPartition) -> Iterator[tuple[Name, LoggedBatch]]:
    for batch in log.batches:
        if batch.producer_id != NO_PRODUCER_ID and not batch.is_control and batch.first_sequence >= 0:
            yield (batch.producer_id, batch.producer_epoch, batch.first_sequence), batch


def _by_sequence(log: LoggedPartition) -> Iterator[tuple[Offset, LoggedBatch]]:
    """Each second copy, behind the offset of the first."""
    names = Repeated()
    for name, _ in _named(log):
        names.add(hash(name))
    twice = names.found()
    if not twice:
        return
    first: dict[Name, Offset] = {}
    for name, batch in _named(log):
        if hash(name) in twice and first.setdefault(name, batch.base_offset) != batch.base_offset:
            yield first[name], batch


def _by_content(
    log: LoggedPartition, identity: Callable[[LoggedRecord], tuple[Hashable, bool]]
) -> Iterator[tuple[Offset, Offset, Cause, bool]]:
    """The offsets of the first copy and of another, why, and whether they are one record for certain."""
    names, given_up = Repeated(), GivenUp(log.batches)
    for batch, record in opened(log.batches):
        if not given_up.has(batch):
            names.add(hash(identity(record)[0]))
    twice = names.found()
    if not twice:
        return
    first: dict[Hashable, Offset] = {}
    for batch, record in opened(log.batches):
        name, is_certain = identity(record)
        if hash(name) not in twice or given_up.has(batch):
            continue
        if first.setdefault(name, record.offset) != record.offset:
            cause = Cause.RETRIED if batch.producer_id == NO_PRODUCER_ID else Cause.SENT_AGAIN
            yield first[name], record.offset, cause, is_certain


def _identity(id_header: str | None, id_of: IdOf | None, record: LoggedRecord) -> tuple[Hashable, bool]:
    own = "" if id_of is None else id_of(record.key, record.value, record.headers)
    if own:
        return own, True
    if id_header is not None:
        for name, value in record.headers:
            if name == id_header:
                return (name, value), True
    return (record.timestamp_ms, record.key, record.value, record.headers), False


def _tell_sequence(
    name: TopicPartition,
    first: Offset,
    batch: LoggedBatch,
    forgotten: set[tuple[int, int]],
    evidence: Evidence,
) -> Finding:
    """`forgotten`: producers, with their epochs, whose retries were taken as new so far in this partition."""
    producer = (batch.producer_id, batch.producer_epoch)
    why = f"producer {producer[0]} epoch {producer[1]} sequence {batch.first_sequence} is at offset {first} already"
    chain = _appends(evidence, name, first, batch.base_offset)
    if any(event.rule == UNKNOWN_PRODUCER for event in chain[1:]):
        forgotten.add(producer)  # and the rest of its retries follow, as if they were new
    cause = Cause.FORGOTTEN_PRODUCER if producer in forgotten else Cause.NOT_RECOGNISED
    return Finding(Anomaly.DUPLICATED, name, batch.base_offset, batch.last_offset, why, cause, chain)


def _tell_content(
    name: TopicPartition,
    first: Offset,
    offset: Offset,
    cause: Cause,
    is_certain: bool,
    evidence: Evidence,
) -> Finding:
    why = f"the same record is at offset {first} already"
    chain = _appends(evidence, name, first, offset)
    return Finding(Anomaly.DUPLICATED, name, offset, offset, why, cause, chain, is_certain)


def _appends(evidence: Evidence, name: TopicPartition, *offsets: Offset) -> tuple[Event, ...]:
    own = evidence.of(name)
    return in_order(*(batch.story for offset in offsets for batch in own.batches.over(offset)))
