"""What the coordinator knows about one transactional id (T2), and how far its producer's epochs go."""

from __future__ import annotations

from typing import Final, NamedTuple

from minikafka.transaction.states import (
    COMPLETE_ABORT,
    COMPLETE_COMMIT,
    EMPTY,
    PREPARE_COMMIT,
    PREPARED,
    TransactionState,
)
from minikafka.types import (
    NO_PRODUCER_EPOCH,
    NO_PRODUCER_ID,
    NO_TIMESTAMP,
    ProducerEpoch,
    ProducerId,
    TopicPartition,
)

TV0: Final = 0
TV1: Final = 1
TV2: Final = 2
"""Levels of the feature `transaction.version`. TV2 is KIP-890 part 2: an epoch bump per transaction,
partitions added by writing to them. Which one governs a request follows from the request's version (C2).
"""

LAST_EPOCH: Final = 32_766
"""The highest epoch a producer is ever given. 32767 is the coordinator's own, so that it can always fence."""

NEVER_TIMES_OUT_MS: Final = 2_147_483_647
"""The timeout of a two-phase-commit transaction (T13, T16)."""


class ProducerIdAndEpoch(NamedTuple):
    """Names one life of a producer."""

    producer_id: ProducerId
    producer_epoch: ProducerEpoch


class Transaction(NamedTuple):
    """State of one transactional id; a new value at each change.

    producer_epoch: the epoch writes must carry; after PREPARE_* under TV2 it is already the next one, and it
    is the
        epoch of the markers, so that a write of the ended transaction comes too late everywhere.
    last_producer_epoch: the one before, while a retry of the request that bumped it may still be answered
    (KIP-360);
        else -1. Not in the log record, as in Kafka.
    previous_producer_id: the producer id before the last change; equals producer_id unless that change
    rotated it. next_producer_id: while PREPARE_*: takes over at completion because the epochs ran out; else
    -1. partitions: empty unless ONGOING or PREPARE_*.
    start_timestamp_ms: wall time of the first partition added; -1 while EMPTY.
    client_transaction_version: 0 or TV2, of the request that caused the last move.
    """

    transactional_id: str
    state: TransactionState
    producer_id: ProducerId
    producer_epoch: ProducerEpoch
    timeout_ms: int
    previous_producer_id: ProducerId = NO_PRODUCER_ID
    next_producer_id: ProducerId = NO_PRODUCER_ID
    last_producer_epoch: ProducerEpoch = NO_PRODUCER_EPOCH
    partitions: frozenset[TopicPartition] = frozenset()
    start_timestamp_ms: int = NO_TIMESTAMP
    update_timestamp_ms: int = NO_TIMESTAMP
    client_transaction_version: int = TV0

    @property
    def is_prepared(self) -> bool:
        """Decided, markers on their way."""
        return self.state in PREPARED

    @property
    def is_epoch_exhausted(self) -> bool:
        """The next bump needs another producer id."""
        return self.producer_epoch >= LAST_EPOCH

    @property
    def committed(self) -> bool:
        """What the markers say; only of a prepared transaction."""
        return self.state is PREPARE_COMMIT

    @property
    def identity(self) -> ProducerIdAndEpoch:
        return ProducerIdAndEpoch(self.producer_id, self.producer_epoch)


def completed(prepared: Transaction, wall_ms: int) -> Transaction:
    """PREPARE_x becomes COMPLETE_x: every marker is written. If the epochs ran out, the next producer id
    takes over at epoch 0 here; the client was told so when PREPARE_x was answered.
    """
    assert prepared.is_prepared, "only what was decided completes"
    rotates = prepared.next_producer_id != NO_PRODUCER_ID
    return prepared._replace(
        state=COMPLETE_COMMIT if prepared.committed else COMPLETE_ABORT,
        producer_id=prepared.next_producer_id if rotates else prepared.producer_id,
        producer_epoch=0 if rotates else prepared.producer_epoch,
        next_producer_id=NO_PRODUCER_ID,
        partitions=frozenset(),
        update_timestamp_ms=wall_ms,
    )


def emptied(current: Transaction, identity: ProducerIdAndEpoch, timeout_ms: int, wall_ms: int) -> Transaction:
    """A producer (re)starts: no transaction, under `identity`."""
    return current._replace(
        state=EMPTY,
        producer_id=identity.producer_id,
        producer_epoch=identity.producer_epoch,
        timeout_ms=timeout_ms,
        partitions=frozenset(),
        start_timestamp_ms=NO_TIMESTAMP,
        update_timestamp_ms=wall_ms,
    )
