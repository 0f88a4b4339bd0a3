"""One round of compaction: what stays of each batch (L16).

    record without a key                         goes
    record whose key comes again later           goes
    tombstone (a key, no value)                  stays until the *delete horizon*, for readers to learn of it; goes then
    record of an aborted transaction             goes at once
    marker, while data of its transaction is     stays: readers need it to tell what is aborted
    there
    marker, after that                           stays until its delete horizon; goes then
    anything else                                stays

The delete horizon is `delete.retention.ms` after the first round that could have dropped the tombstone or marker. It
is stamped into the batch itself (attribute bit 6; the base timestamp field holds it), so every later round knows it,
after a restart too (KIP-534).

A batch that loses its last record goes, but for three that are kept as an empty header:

    the batch with the last sequence of a        or a restart would forget where the producer was, and take its next
    producer that is remembered                  batch for out of order (I4)
    the last batch of the round                  or a reader could not get past the hole behind it
    the last batch of each new segment           here only: so a segment always ends where the next one begins, and
                                                 recovery goes on seeing a lost tail as a hole (D2)

A round reads the log twice. First the keys of the dirty part are remembered, as many as fit into
`log.cleaner.dedupe.buffer.size`: where that is full the round ends, and the next one goes on from there. Then
everything below that end is rewritten, the part cleaned before as well.

This runs off the loop and touches nothing of the node: what it has to know is in the `Round`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

from minikafka.errors import MinikafkaError
from minikafka.log.port import BatchHeader, Cleaning, Keep, Retention, SegmentInfo
from minikafka.log.transaction_index import AbortedTransaction
from minikafka.partition.compaction import Cleanable, grouped
from minikafka.types import NO_OFFSET, NO_PRODUCER_ID, Offset, ProducerEpoch, ProducerId

if TYPE_CHECKING:
    from minikafka.config import TopicSettings
    from minikafka.log.replica_log import ReplicaLog

ABORT: Final = 0
COMMIT: Final = 1
CHUNK_BATCHES: Final = 256


class LastOfProducer(NamedTuple):
    """Of a producer that is remembered: its epoch and the last offset of its last data batch, -1 when it has none."""

    last_data_offset: Offset
    epoch: ProducerEpoch


class Round(NamedTuple):
    """What a round has to know. `segments`: the inactive ones below the first uncleanable offset, oldest first;
    `now_ms`: wall time."""

    first_dirty_offset: Offset
    segments: Sequence[SegmentInfo]
    segment_bytes: int
    now_ms: int
    delete_retention_ms: int
    producers: Mapping[ProducerId, LastOfProducer]
    aborted: Sequence[AbortedTransaction]


class Cleaned(NamedTuple):
    """What a round did. end_offset: exclusive; everything below is clean. rewritten_offset: exclusive; the segments
    below were rewritten. aborted: those that still had batches there: readers may meet what is left of them."""

    end_offset: Offset
    rewritten_offset: Offset
    aborted: Sequence[AbortedTransaction]


class CannotClean(MinikafkaError):
    """The log cannot be cleaned, now or later."""


class TransactionWalk:
    """Which batches belong to aborted transactions, and which markers have outlived their transaction's batches; fed
    with headers in order.

    left: aborted transactions whose marker came by and that had batches before it.
    """

    def __init__(self, aborted: Sequence[AbortedTransaction]) -> None:
        self.left: list[AbortedTransaction] = []
        self._to_come = sorted(aborted, key=lambda one: one.first_offset, reverse=True)
        self._aborted: dict[ProducerId, AbortedTransaction] = {}
        self._seen: set[ProducerId] = set()
        """Producers with batches in the transaction that is under way at this point."""

    def is_aborted(self, header: BatchHeader) -> bool:
        """A data batch comes by."""
        self._advance(header.last_offset)
        if not header.is_transactional:
            return False
        self._seen.add(header.producer_id)
        aborted = self._aborted.get(header.producer_id)
        # Its marker may be gone already; then what comes after it is of another transaction.
        return aborted is not None and header.last_offset < aborted.last_offset

    def is_spent(self, header: BatchHeader) -> bool:
        """A control batch comes by. Whether no batch of the transaction it ends is left."""
        self._advance(header.last_offset)
        if header.control_type not in (ABORT, COMMIT):
            return header.record_count == 0
        had_batches = header.producer_id in self._seen
        self._seen.discard(header.producer_id)
        aborted = self._aborted.pop(header.producer_id, None)
        if had_batches and aborted is not None and header.control_type == ABORT:
            self.left.append(aborted)
        return not had_batches

    def _advance(self, offset: Offset) -> None:
        while self._to_come and self._to_come[-1].first_offset <= offset:
            aborted = self._to_come.pop()
            self._aborted[aborted.producer_id] = aborted


class Retentions:
    """What stays of each batch, asked in order from the first. `ends`: the last batch below each of these (exclusive)
    offsets stays, if only as a header."""

    def __init__(self, plan: Round, ends: Collection[Offset]) -> None:
        self.transactions = TransactionWalk(plan.aborted)
        self._plan = plan
        self._ends = ends

    def of(self, header: BatchHeader) -> Retention:
        """See the module's table."""
        keep_empty = self._ends_something(header) or self._is_last_of_producer(header)
        if header.is_control:
            return self._of_control(header, keep_empty)
        if self.transactions.is_aborted(header):
            return Retention(Keep.NOTHING, keep_empty)
        return Retention(
            Keep.LAST_OF_KEY,
            keep_empty,
            drop_tombstones=self._horizon_passed(header),
            delete_horizon_ms=None if header.has_delete_horizon else self._new_horizon(),
        )

    def _of_control(self, header: BatchHeader, keep_empty: bool) -> Retention:
        if not self.transactions.is_spent(header):
            return Retention(Keep.EVERYTHING)
        if self._horizon_passed(header):
            return Retention(Keep.NOTHING, keep_empty)
        horizon_ms = None if header.has_delete_horizon else self._new_horizon()
        return Retention(Keep.EVERYTHING, keep_empty, delete_horizon_ms=horizon_ms)

    def _horizon_passed(self, header: BatchHeader) -> bool:
        return header.has_delete_horizon and header.base_timestamp <= self._plan.now_ms

    def _new_horizon(self) -> int:
        return self._plan.now_ms + self._plan.delete_retention_ms

    def _ends_something(self, header: BatchHeader) -> bool:
        return header.last_offset + 1 in self._ends

    def _is_last_of_producer(self, header: BatchHeader) -> bool:
        if header.producer_id == NO_PRODUCER_ID:
            return False
        last = self._plan.producers.get(header.producer_id)
        if last is None:
            return False
        if last.last_data_offset != NO_OFFSET:
            return header.last_offset == last.last_data_offset
        return header.is_control and header.producer_epoch == last.epoch


def round_of(log: ReplicaLog, what: Cleanable, settings: TopicSettings, now_ms: int) -> Round:
    """What a round over `what` has to know of the log now; `now_ms` is wall time."""
    end = what.first_uncleanable_offset
    return Round(
        first_dirty_offset=what.first_dirty_offset,
        segments=[one for one in log.port.segments()[:-1] if one.next_offset <= end],
        segment_bytes=settings.segment_bytes,
        now_ms=now_ms,
        delete_retention_ms=settings.delete_retention_ms,
        producers={
            state.producer_id: LastOfProducer(
                state.batches[-1].last_offset if state.batches else NO_OFFSET, state.epoch
            )
            for state in log.producers.all()
        },
        aborted=log.transactions.aborted(),
    )


def clean(cleaning: Cleaning, plan: Round) -> Cleaned:
    """Carry the round out, up to the swap. Raises CannotClean when the map has no room for a single batch's keys,
    BatchError for damaged batches, LogError when the disk failed or the cleaning was given up."""
    end_offset = _remember(cleaning, plan)
    if end_offset <= plan.first_dirty_offset:
        raise CannotClean("log.cleaner.dedupe.buffer.size has no room for the keys of one batch")
    groups = grouped([one for one in plan.segments if one.base_offset < end_offset], plan.segment_bytes)
    retentions = Retentions(plan, {end_offset, *(group[-1].next_offset for group in groups)})
    for group in groups:
        cleaning.begin_segment([segment.base_offset for segment in group])
        for segment in group:
            cleaning.read_segment(segment.base_offset)
            while headers := cleaning.headers(max_batches=CHUNK_BATCHES):
                cleaning.write([retentions.of(header) for header in headers])
        cleaning.end_segment()
    return Cleaned(end_offset, groups[-1][-1].next_offset, retentions.transactions.left)


def _remember(cleaning: Cleaning, plan: Round) -> Offset:
    """Remember the keys of the dirty part; where that ends, exclusive."""
    first_dirty = plan.first_dirty_offset
    # Those that ended before are gone from the dirty part, and must not be taken for what their producer did since.
    walk = TransactionWalk([one for one in plan.aborted if one.last_offset >= first_dirty])
    end_offset = first_dirty
    for segment in plan.segments:
        if segment.next_offset <= first_dirty:
            continue
        cleaning.read_segment(segment.base_offset)
        while headers := cleaning.headers(max_batches=CHUNK_BATCHES):
            done = cleaning.remember_keys([_counts(header, walk, first_dirty) for header in headers])
            if done < len(headers):
                return headers[done - 1].last_offset + 1 if done else end_offset
            end_offset = max(end_offset, headers[-1].last_offset + 1)
        end_offset = max(end_offset, segment.next_offset)
    return end_offset


def _counts(header: BatchHeader, walk: TransactionWalk, first_dirty: Offset) -> bool:
    if header.is_control:
        walk.is_spent(header)
        return False
    return not walk.is_aborted(header) and header.last_offset >= first_dirty
