"""InitProducerId with a transactional id (T3): who holds this id from now on.

Whoever asked last. Every earlier holder is fenced by a higher epoch, and what it left open is aborted first.

    state of the id       answer
    new                   a fresh producer id, epoch 0
    EMPTY, COMPLETE_*     epoch + 1; at 32766 a fresh producer id, epoch 0
    ONGOING               abort it under a bumped epoch, answer CONCURRENT_TRANSACTIONS [51]: the retry finds
    COMPLETE PREPARE_*, pending    CONCURRENT_TRANSACTIONS [51]

A producer that wants to *go on* after an error (KIP-360) says which (id, epoch) it thinks it has:

    equal to ours                     bump, and remember the old epoch
    the epoch we remember             the bump was done and its answer lost: the same answer again, no second
    bump anything else                     somebody else holds the id by now: PRODUCER_FENCED [90]
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from minikafka.errors import ErrorCode, Rejected
from minikafka.transaction.fencing import fenced
from minikafka.transaction.states import EMPTY, ONGOING
from minikafka.transaction.transaction import LAST_EPOCH, ProducerIdAndEpoch, Transaction, emptied
from minikafka.types import NO_PRODUCER_EPOCH, ProducerId


class InitProducerId(NamedTuple):
    """The request. `expected` is what a producer that goes on thinks it has; None for one that starts."""

    transactional_id: str
    timeout_ms: int
    expected: ProducerIdAndEpoch | None = None


class InitProducerIdAnswer(NamedTuple):
    """`error` is NONE, or [51] when an open transaction was aborted first."""

    error: ErrorCode
    producer_id: ProducerId
    producer_epoch: int


def check(request: InitProducerId, max_timeout_ms: int) -> None:
    """What is wrong with the request itself, whatever the state. Raises Rejected [42], [50]."""
    if not request.transactional_id:
        raise Rejected(ErrorCode.INVALID_REQUEST, "a transactional id may not be empty", rule="T3")
    if not 0 < request.timeout_ms <= max_timeout_ms:
        why = f"transaction timeout {request.timeout_ms} ms is not in 1..{max_timeout_ms}"
        raise Rejected(ErrorCode.INVALID_TRANSACTION_TIMEOUT, why, rule="T3")


def init_producer(
    current: Transaction | None,
    request: InitProducerId,
    server_version: int,
    take_producer_id: Callable[[], ProducerId],
    wall_ms: int,
) -> Transaction:
    """The state that follows: EMPTY, whose identity is the answer, or PREPARE_ABORT of what was open.
    `current` is known not to be pending. Raises Rejected [51], [90], and [14] while no producer id is at
    hand.
    """
    if current is None:
        new = Transaction(request.transactional_id, EMPTY, take_producer_id(), 0, request.timeout_ms)
        return new._replace(update_timestamp_ms=wall_ms)
    if request.expected is not None and not _may_be_ours(current, request.expected):
        raise Rejected(
            ErrorCode.PRODUCER_FENCED, f"{request.expected} is no longer the producer of this id", rule="T5"
        )
    if current.is_prepared:
        raise Rejected(ErrorCode.CONCURRENT_TRANSACTIONS, "the transaction before is being ended", rule="T3")
    if current.state is ONGOING:
        return fenced(current, server_version, take_producer_id, wall_ms)
    return _next_epoch(current, request, take_producer_id, wall_ms)


def _may_be_ours(current: Transaction, expected: ProducerIdAndEpoch) -> bool:
    """The epoch is looked at later. A former producer id counts only if it was given up for want of epochs."""
    is_former = expected.producer_id == current.previous_producer_id
    return expected.producer_id == current.producer_id or (
        is_former and expected.producer_epoch >= LAST_EPOCH
    )


def _next_epoch(
    current: Transaction, request: InitProducerId, take_producer_id: Callable[[], ProducerId], wall_ms: int
) -> Transaction:
    expected = request.expected
    is_current = expected is None or expected.producer_epoch == current.producer_epoch
    if not is_current:
        assert expected is not None, "only an expectation can be wrong"
        if expected.producer_epoch != current.last_producer_epoch:
            why = f"epoch {expected.producer_epoch} is neither the current one nor the one before"
            raise Rejected(ErrorCode.PRODUCER_FENCED, why, rule="T5")
        return emptied(current, current.identity, request.timeout_ms, wall_ms)
    last_epoch = NO_PRODUCER_EPOCH if expected is None else current.producer_epoch
    if current.is_epoch_exhausted:
        identity = ProducerIdAndEpoch(take_producer_id(), 0)
    else:
        identity = ProducerIdAndEpoch(current.producer_id, current.producer_epoch + 1)
    return emptied(current, identity, request.timeout_ms, wall_ms)._replace(last_producer_epoch=last_epoch)
