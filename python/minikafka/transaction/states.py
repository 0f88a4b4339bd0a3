"""The states of a transaction, and which state may follow which (T2).

    EMPTY             a producer id is bound to the transactional id; nothing was written yet
    ONGOING           at least one partition was added
    PREPARE_COMMIT    the decision, durable: from here on the transaction *is* committed (or aborted), come
    what may; PREPARE_ABORT     what is left is telling every partition, by markers
    COMPLETE_COMMIT   every partition was told
    COMPLETE_ABORT

There is no way from one PREPARE to the other: whoever takes over the coordinator repeats the decision it
finds in the log (T17). Under TV2 (KIP-890) a producer may abort what it never began: it cannot always know
whether its first write arrived, and the abort bumps its epoch, so that a late write is fenced.

DEAD (expired: only what is at rest may expire) and PREPARE_EPOCH_FENCE (a fence about to become an abort) are
Kafka's; neither is ever in the log. Here a fence and the abort it causes are one decision (`fencing.py`), so
nothing is ever seen in that state.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum
from types import MappingProxyType
from typing import Final


class TransactionState(IntEnum):
    """Values are Kafka's, as in the `__transaction_state` log."""

    EMPTY = 0
    ONGOING = 1
    PREPARE_COMMIT = 2
    PREPARE_ABORT = 3
    COMPLETE_COMMIT = 4
    COMPLETE_ABORT = 5
    DEAD = 6
    PREPARE_EPOCH_FENCE = 7

    @property
    def display_name(self) -> str:
        """As the tools show it: `PrepareCommit`."""
        return "".join(word.capitalize() for word in self.name.split("_"))


EMPTY: Final = TransactionState.EMPTY
ONGOING: Final = TransactionState.ONGOING
PREPARE_COMMIT: Final = TransactionState.PREPARE_COMMIT
PREPARE_ABORT: Final = TransactionState.PREPARE_ABORT
COMPLETE_COMMIT: Final = TransactionState.COMPLETE_COMMIT
COMPLETE_ABORT: Final = TransactionState.COMPLETE_ABORT
DEAD: Final = TransactionState.DEAD
PREPARE_EPOCH_FENCE: Final = TransactionState.PREPARE_EPOCH_FENCE

VALID_PREVIOUS_STATES: Final[Mapping[TransactionState, frozenset[TransactionState]]] = MappingProxyType(
    {
        EMPTY: frozenset({EMPTY, COMPLETE_COMMIT, COMPLETE_ABORT}),
        ONGOING: frozenset({ONGOING, EMPTY, COMPLETE_COMMIT, COMPLETE_ABORT}),
        PREPARE_COMMIT: frozenset({ONGOING}),
        PREPARE_ABORT: frozenset({ONGOING, PREPARE_EPOCH_FENCE, EMPTY, COMPLETE_COMMIT, COMPLETE_ABORT}),
        COMPLETE_COMMIT: frozenset({PREPARE_COMMIT}),
        COMPLETE_ABORT: frozenset({PREPARE_ABORT}),
        DEAD: frozenset({EMPTY, COMPLETE_COMMIT, COMPLETE_ABORT}),
        PREPARE_EPOCH_FENCE: frozenset({ONGOING}),
    }
)
"""PREPARE_ABORT from EMPTY and COMPLETE_* is for TV2 only; the retry table (end_txn.py) sees to that."""

PREPARED: Final = frozenset({PREPARE_COMMIT, PREPARE_ABORT})
"""Decided, and not yet told to every partition."""


def can_move(before: TransactionState | None, after: TransactionState) -> bool:
    """May a transaction move so? `before` None: the transactional id is new."""
    return after is EMPTY if before is None else before in VALID_PREVIOUS_STATES[after]
