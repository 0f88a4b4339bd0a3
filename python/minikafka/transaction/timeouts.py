"""What time does to transactions (T13).

A transaction left open holds every read_committed reader of its partitions, so it may only last so long:
after its timeout, counted from its first partition, it is fenced and aborted. A two-phase-commit transaction
(timeout int32 max) never is. A transactional id that no one used for a week is forgotten, but never while it
has a transaction.

Both are sweeps, as in Kafka: an abort comes up to one sweep interval late.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from minikafka.transaction.states import DEAD, ONGOING, can_move
from minikafka.transaction.transaction import NEVER_TIMES_OUT_MS, Transaction


class TransactionSettings(NamedTuple):
    """max_timeout_ms: `transaction.max.timeout.ms`. expiration_ms: `transactional.id.expiration.ms`. The two
    intervals lie between sweeps for timed out transactions and for unused ids.
    """

    max_timeout_ms: int
    abort_sweep_interval_ms: int
    expiration_ms: int
    expiration_sweep_interval_ms: int


def is_timed_out(transaction: Transaction, wall_ms: int) -> bool:
    """Open for longer than its timeout."""
    return (
        transaction.state is ONGOING
        and transaction.timeout_ms != NEVER_TIMES_OUT_MS
        and transaction.start_timestamp_ms + transaction.timeout_ms < wall_ms
    )


def is_expired(transaction: Transaction, settings: TransactionSettings, wall_ms: int) -> bool:
    """Unused, without a transaction, for the whole expiration time."""
    is_old = transaction.update_timestamp_ms <= wall_ms - settings.expiration_ms
    return can_move(transaction.state, DEAD) and is_old


def timed_out(transactions: Iterable[Transaction], wall_ms: int) -> list[Transaction]:
    """Those to fence and abort, by id."""
    found = [each for each in transactions if is_timed_out(each, wall_ms)]
    return sorted(found, key=lambda each: each.transactional_id)


def expired(transactions: Iterable[Transaction], settings: TransactionSettings, wall_ms: int) -> list[str]:
    """Ids to forget, sorted."""
    return sorted(each.transactional_id for each in transactions if is_expired(each, settings, wall_ms))
