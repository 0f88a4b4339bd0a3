"""ListTransactions and DescribeTransactions (T15): what the tools ask. Read only."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from minikafka.errors import ErrorCode, Rejected
from minikafka.transaction.states import DEAD, TransactionState
from minikafka.transaction.transaction import Transaction
from minikafka.types import ProducerId

STATES_BY_NAME = {state.display_name: state for state in TransactionState}


class Filters(NamedTuple):
    """What to list.

    states: None for all. producer_ids: empty for all. duration_ms: only what began longer ago (v1); -1 for
    all. pattern: of the whole transactional id (v2).
    """

    states: frozenset[TransactionState] | None
    producer_ids: frozenset[ProducerId]
    duration_ms: int
    pattern: re.Pattern[str] | None


def filters(
    state_names: Iterable[str], producer_ids: Iterable[ProducerId], duration_ms: int, pattern: str | None
) -> tuple[Filters, list[str]]:
    """The filters, and the state names that mean nothing here. Raises Rejected [128] for a bad pattern.

    Kafka takes RE2 patterns; Python's are a superset of what tools send.
    """
    names = list(state_names)
    unknown = [name for name in names if name not in STATES_BY_NAME]
    try:
        compiled = re.compile(pattern) if pattern else None
    except re.error as error:
        raise Rejected(ErrorCode.INVALID_REGULAR_EXPRESSION, f"{pattern}: {error}") from error
    # Names that mean nothing still filter: asking for them alone lists nothing.
    states = frozenset(STATES_BY_NAME[name] for name in names if name in STATES_BY_NAME) if names else None
    return Filters(states, frozenset(producer_ids), duration_ms, compiled), unknown


def matches(transaction: Transaction, wanted: Filters, wall_ms: int) -> bool:
    """Whether it is listed."""
    if transaction.state is DEAD:
        return False
    if wanted.producer_ids and transaction.producer_id not in wanted.producer_ids:
        return False
    if wanted.states is not None and transaction.state not in wanted.states:
        return False
    if wanted.duration_ms >= 0 and wall_ms - transaction.start_timestamp_ms <= wanted.duration_ms:
        return False
    return wanted.pattern is None or wanted.pattern.fullmatch(transaction.transactional_id) is not None
