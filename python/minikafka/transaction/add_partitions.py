"""AddPartitionsToTxn (T4): the partitions that will need a marker.

The coordinator must know every partition of a transaction *before* the first write there, or an end would
leave it without a marker. Under TV1 the client adds them and the partition's leader verifies; under TV2 the
leader adds on the first write (T6). The group's offsets partition is added the same way (T12).

A transaction begins here: the first partition takes it from EMPTY or COMPLETE_* to ONGOING, and starts its
timeout.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from minikafka.errors import ErrorCode, Rejected
from minikafka.transaction.states import ONGOING
from minikafka.transaction.transaction import Transaction
from minikafka.types import ProducerId, TopicPartition


class AddPartitions(NamedTuple):
    """The request. `version`: TV2 when a broker adds on a client's behalf (v4 and later), else 0."""

    transactional_id: str
    producer_id: ProducerId
    producer_epoch: int
    partitions: frozenset[TopicPartition]
    version: int


def add_partitions(current: Transaction | None, request: AddPartitions, wall_ms: int) -> Transaction | None:
    """ONGOING with the partitions; None when all are there already. `current` is known not to be pending.

    Raises Rejected [49], [51], [90].
    """
    known = check_producer(current, request)
    if known.state is ONGOING:
        if request.partitions <= known.partitions:
            return None
        return known._replace(
            partitions=known.partitions | request.partitions,
            update_timestamp_ms=wall_ms,
            client_transaction_version=request.version,
        )
    return known._replace(
        state=ONGOING,
        partitions=request.partitions,
        start_timestamp_ms=wall_ms,
        update_timestamp_ms=wall_ms,
        client_transaction_version=request.version,
    )


def verify_partitions(current: Transaction | None, request: AddPartitions) -> dict[TopicPartition, ErrorCode]:
    """Is each partition part of the transaction? NONE or TRANSACTION_ABORTABLE [120]; changes nothing.

    A pending change does not matter: the leader checks once more when it appends. Raises Rejected [49], [51],
    [90].
    """
    known = check_producer(current, request)
    return _verified(request.partitions, known.partitions)


def _verified(
    asked: Iterable[TopicPartition], added: frozenset[TopicPartition]
) -> dict[TopicPartition, ErrorCode]:
    return {
        partition: ErrorCode.NONE if partition in added else ErrorCode.TRANSACTION_ABORTABLE
        for partition in sorted(asked)
    }


def check_producer(current: Transaction | None, request: AddPartitions) -> Transaction:
    """The transaction, if this producer holds it and it is not being ended."""
    if current is None:
        raise Rejected(
            ErrorCode.INVALID_PRODUCER_ID_MAPPING, "this transactional id is not known here", rule="T4"
        )
    if request.producer_id != current.producer_id:
        raise Rejected(
            ErrorCode.INVALID_PRODUCER_ID_MAPPING, "another producer id has this transactional id", rule="T4"
        )
    if request.producer_epoch != current.producer_epoch:
        why = f"epoch {request.producer_epoch}; the transactional id is at {current.producer_epoch}"
        raise Rejected(ErrorCode.PRODUCER_FENCED, why, rule="T5")
    if current.is_prepared:
        raise Rejected(ErrorCode.CONCURRENT_TRANSACTIONS, "the transaction before is being ended", rule="T4")
    return current
