"""How a retry is recognised: the state of every producer id in one partition (I1-I8, T8).

A producer numbers its records per partition. The leader remembers, per producer id, its epoch and the last five
batches, and a new batch of a client meets one question after another; the first that says yes decides:

    in the window: same epoch, same first *and* last sequence     duplicate: answer the first copy's offsets      I3
    first of a transaction here, and nobody asked its coordinator INVALID_TXN_STATE [48]                          T6
    epoch older than ours                                         INVALID_PRODUCER_EPOCH [47]                     I2
    epoch newer than ours, first sequence not 0                   OUT_OF_ORDER_SEQUENCE_NUMBER [45]               I6
    no state for the id                                           accepted, whatever the sequence                 I5
    same epoch, first sequence is not the one after our last      OUT_OF_ORDER_SEQUENCE_NUMBER [45]               I4
    otherwise                                                     accepted

Five, because clients keep at most five batches in flight (I12): a retry can never be of an older one. A sixth-newest
batch is therefore not a duplicate but out of order. Only leaders check, and only what clients send; followers, and
everyone after a restart, rebuild the same state by `remember`, which never refuses (I1).

Source: KIP-98, KIP-360, KIP-890; Kafka's ProducerStateManager and ProducerAppendInfo.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from minikafka.errors import ErrorCode, Rejected
from minikafka.log.batch import sequence_after
from minikafka.log.port import BatchHeader
from minikafka.types import (
    NO_EPOCH,
    NO_OFFSET,
    NO_PRODUCER_EPOCH,
    NO_SEQUENCE,
    NO_TIMESTAMP,
    Offset,
    ProducerId,
)

WINDOW: Final = 5


class RememberedBatch(NamedTuple):
    """One batch of the window. All four ends are inclusive; timestamp_ms is its largest record timestamp."""

    first_sequence: int
    last_sequence: int
    first_offset: Offset
    last_offset: Offset
    timestamp_ms: int


class ProducerState:
    """One producer id.

    epoch: the highest seen; -1 before any batch. batches: the last five of this epoch, oldest first.
    current_transaction_first_offset: of the open transaction, -1 when none is open.
    coordinator_epoch: of the last marker, -1 before one. last_timestamp_ms: when it was last heard of (I10).
    """

    __slots__ = (
        "batches",
        "coordinator_epoch",
        "current_transaction_first_offset",
        "epoch",
        "last_timestamp_ms",
        "producer_id",
    )

    def __init__(self, producer_id: ProducerId) -> None:
        self.producer_id = producer_id
        self.epoch = NO_PRODUCER_EPOCH
        self.batches: list[RememberedBatch] = []
        self.coordinator_epoch = NO_EPOCH
        self.current_transaction_first_offset = NO_OFFSET
        self.last_timestamp_ms = NO_TIMESTAMP

    @property
    def last_sequence(self) -> int:
        """Inclusive; -1 when no batch of this epoch is remembered."""
        return self.batches[-1].last_sequence if self.batches else NO_SEQUENCE

    @property
    def has_open_transaction(self) -> bool:
        return self.current_transaction_first_offset != NO_OFFSET

    def duplicate_of(self, header: BatchHeader) -> RememberedBatch | None:
        """I3: the remembered batch that `header` repeats exactly."""
        if header.producer_epoch != self.epoch:
            return None
        for batch in self.batches:
            if batch.first_sequence == header.base_sequence and batch.last_sequence == header.last_sequence:
                return batch
        return None

    def has_forgotten(self, header: BatchHeader) -> bool:
        """Whether `header` lies before a full window (I12): it may have been a retry, and nobody can tell any more."""
        return len(self.batches) == WINDOW and header.last_sequence < self.batches[0].first_sequence


class ProducerStates:
    """All producer ids of one partition. `check` decides, `remember` changes."""

    def __init__(self) -> None:
        self._states: dict[ProducerId, ProducerState] = {}

    def get(self, producer_id: ProducerId) -> ProducerState | None:
        return self._states.get(producer_id)

    def all(self) -> list[ProducerState]:
        """By producer id."""
        return [self._states[producer_id] for producer_id in sorted(self._states)]

    def check(
        self,
        header: BatchHeader,
        *,
        from_client: bool,
        lowest_verified_sequence: int = NO_SEQUENCE,
        tv2: bool = False,
        is_verified: bool = True,
    ) -> RememberedBatch | None:
        """The batch this one repeats, or None when it may be appended. Changes nothing.

        from_client: coordinators' own batches are checked for their epoch only (I1).
        lowest_verified_sequence: the lowest first sequence seen while this producer's transaction was being verified,
        -1 when none was (I5b). tv2: a transactional batch of Produce v12 or later must start at 0 (I5a).
        is_verified: the coordinator agreed that this partition is part of the transaction; only asked of a batch that
        would open one (T6).
        Raises Rejected: [47] (I2), [45] (I4-I6), [48] (T6).
        """
        state = self._states.get(header.producer_id)
        if state is not None and from_client:
            duplicate = state.duplicate_of(header)
            if duplicate is not None:
                return duplicate
        if not is_verified and header.is_transactional and not opened_already(state, header):
            raise Rejected(
                ErrorCode.INVALID_TXN_STATE,
                f"producer {header.producer_id} has no transaction open here, and its coordinator was not asked",
                rule="T6",
            )
        if state is None:
            if from_client:
                self._check_first(header, lowest_verified_sequence, tv2=tv2)
            return None
        if header.producer_epoch < state.epoch:
            raise Rejected(
                ErrorCode.INVALID_PRODUCER_EPOCH,
                f"producer {header.producer_id} has epoch {state.epoch}; the batch has {header.producer_epoch}",
                rule="I2",
            )
        if from_client:
            self._check_sequence(state, header, lowest_verified_sequence)
            if state.has_open_transaction and not header.is_transactional:
                raise Rejected(
                    ErrorCode.INVALID_TXN_STATE,
                    f"producer {header.producer_id} has a transaction open here; the batch is outside of it",
                    rule="T6",
                )
        return None

    def _check_first(self, header: BatchHeader, lowest_verified_sequence: int, *, tv2: bool) -> None:
        """I5: nothing is known of this producer here."""
        if tv2 and header.is_transactional and header.base_sequence != 0:
            raise out_of_order(header, "a transaction's first batch starts at sequence 0", "I5")
        self._check_lowest(header, lowest_verified_sequence)

    def _check_lowest(self, header: BatchHeader, lowest_verified_sequence: int) -> None:
        """I5b."""
        if lowest_verified_sequence != NO_SEQUENCE and header.base_sequence > lowest_verified_sequence:
            raise out_of_order(
                header, f"sequence {lowest_verified_sequence} was seen before it and is not written", "I5"
            )

    def _check_sequence(
        self, state: ProducerState, header: BatchHeader, lowest_verified_sequence: int
    ) -> None:
        """I4, I6. After a marker of a new epoch the window is empty, and the next sequence is 0."""
        self._check_lowest(header, lowest_verified_sequence)
        if header.producer_epoch != state.epoch:
            if header.base_sequence != 0 and state.epoch != NO_PRODUCER_EPOCH:
                raise out_of_order(header, f"epoch {header.producer_epoch} starts at sequence 0", "I6")
        elif header.base_sequence != sequence_after(state.last_sequence):
            why = f"the next sequence is {sequence_after(state.last_sequence)}"
            if state.has_forgotten(header):
                raise out_of_order(
                    header, f"{why}, and only the last {WINDOW} batches can be repeated", "I12"
                )
            raise out_of_order(header, why)

    # Changing. Never refuses: leader after its check, follower, and replay alike.

    def remember(self, header: BatchHeader) -> Offset | None:
        """Note an appended data batch. Returns its base offset if it opened a transaction, else None."""
        state = self._states.get(header.producer_id)
        if state is None:
            state = self._states[header.producer_id] = ProducerState(header.producer_id)
        if header.producer_epoch != state.epoch:
            state.epoch = header.producer_epoch
            state.batches = []
        if header.base_sequence != NO_SEQUENCE:
            state.batches.append(
                RememberedBatch(
                    header.base_sequence,
                    header.last_sequence,
                    header.base_offset,
                    header.last_offset,
                    header.max_timestamp,
                )
            )
            if len(state.batches) > WINDOW:
                del state.batches[0]
        state.last_timestamp_ms = max(state.last_timestamp_ms, header.max_timestamp)
        if header.is_transactional and not state.has_open_transaction:
            state.current_transaction_first_offset = header.base_offset
            return header.base_offset
        return None

    def check_marker(
        self, header_epoch: int, producer_id: ProducerId, coordinator_epoch: int, *, tv2: bool
    ) -> None:
        """T8: may this marker be written? Raises Rejected: [47] for an epoch the producer is past, [52] for a
        coordinator that is not the current one any more."""
        state = self._states.get(producer_id)
        if state is None:
            return
        # Under TV2 every end bumps the epoch, so a marker of the current epoch could be a late one, ending the next
        # transaction; without an open transaction it is a harmless repeat.
        stale = header_epoch < state.epoch or (
            tv2 and header_epoch == state.epoch and state.has_open_transaction
        )
        if stale:
            raise Rejected(
                ErrorCode.INVALID_PRODUCER_EPOCH,
                f"producer {producer_id} has epoch {state.epoch}; the marker has {header_epoch}",
                rule="T8",
            )
        if state.coordinator_epoch > coordinator_epoch:
            raise Rejected(
                ErrorCode.TRANSACTION_COORDINATOR_FENCED,
                f"coordinator epoch {coordinator_epoch} was followed by {state.coordinator_epoch}",
                rule="T17",
            )

    def remember_marker(self, header: BatchHeader) -> Offset | None:
        """I7: note an appended end-transaction marker. Returns the first offset of the transaction it ended."""
        state = self._states.get(header.producer_id)
        if state is None:
            state = self._states[header.producer_id] = ProducerState(header.producer_id)
        if header.producer_epoch > state.epoch:
            state.epoch = header.producer_epoch
            state.batches = []
        state.coordinator_epoch = max(state.coordinator_epoch, header.coordinator_epoch)
        state.last_timestamp_ms = max(state.last_timestamp_ms, header.max_timestamp)
        first = state.current_transaction_first_offset
        state.current_transaction_first_offset = NO_OFFSET
        return None if first == NO_OFFSET else first

    def restore(self, state: ProducerState) -> None:
        """Take over one entry of a snapshot (I9)."""
        self._states[state.producer_id] = state

    def expire(self, now_ms: int, expiration_ms: int) -> list[ProducerId]:
        """I10: forget producers not heard of for `expiration_ms`, unless a transaction of theirs is open."""
        expired = [
            producer_id
            for producer_id, state in self._states.items()
            if not state.has_open_transaction and now_ms - state.last_timestamp_ms >= expiration_ms
        ]
        for producer_id in expired:
            del self._states[producer_id]
        return expired

    def clear(self) -> None:
        self._states.clear()


def opened_already(state: ProducerState | None, header: BatchHeader) -> bool:
    """Whether the transaction `header` belongs to has data here: then its coordinator was asked before (T6)."""
    return state is not None and state.has_open_transaction and state.epoch == header.producer_epoch


def out_of_order(header: BatchHeader, why: str, rule: str = "I4") -> Rejected:
    """[45], naming the producer and what it sent."""
    return Rejected(
        ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER,
        f"producer {header.producer_id} epoch {header.producer_epoch} sent sequence {header.base_sequence}: {why}",
        rule=rule,
    )
