"""EndTxn (T7), and the moment a transaction is really committed.

That is when PREPARE_COMMIT is below the high watermark of `__transaction_state`, and not a moment later: that record
is the decision. It is answered then; the markers follow (markers.py), and until they are written a
read_committed consumer does not see the data yet.

The client may never hear the answer and ask again. Which answer a repeat gets is a table: state x what is
asked x how the request's epoch relates to ours. Under TV2 (EndTxn v5, KIP-890) every end bumps the epoch, so
a repeat comes with the epoch *before* ours: RETRY. Under TV1 it comes with the same epoch, and cannot be told
from a second end.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum
from types import MappingProxyType
from typing import Final, NamedTuple

from minikafka.errors import ErrorCode, Rejected
from minikafka.transaction.states import (
    COMPLETE_ABORT,
    COMPLETE_COMMIT,
    EMPTY,
    ONGOING,
    PREPARE_ABORT,
    PREPARE_COMMIT,
    TransactionState,
)
from minikafka.transaction.transaction import (
    LAST_EPOCH,
    TV0,
    TV2,
    ProducerIdAndEpoch,
    Transaction,
)
from minikafka.types import NO_PRODUCER_ID, ProducerId

INVALID: Final = ErrorCode.INVALID_TXN_STATE
FENCED: Final = ErrorCode.PRODUCER_FENCED
ENDING: Final = ErrorCode.CONCURRENT_TRANSACTIONS


class Done(Enum):
    """What is done when nothing is wrong."""

    END = "write PREPARE_x"
    NOTHING = "it was ended so before: answer the same again"


class Repeat(NamedTuple):
    """A row of the table: the answer to an abort and to a commit, by epoch relation."""

    abort_retry: Done | ErrorCode
    abort_current: Done | ErrorCode
    commit_retry: Done | ErrorCode
    commit_current: Done | ErrorCode


TV2_ANSWERS: Final[Mapping[TransactionState, Repeat]] = MappingProxyType(
    {
        #                       abort, retry   abort, current  commit, retry  commit, current
        EMPTY: Repeat(          FENCED,        Done.END,       FENCED,        INVALID),
        ONGOING: Repeat(        FENCED,        Done.END,       FENCED,        Done.END),
        PREPARE_COMMIT: Repeat( INVALID,       FENCED,         ENDING,        FENCED),
        PREPARE_ABORT: Repeat(  ENDING,        FENCED,         INVALID,       FENCED),
        COMPLETE_COMMIT: Repeat(INVALID,       Done.END,       Done.NOTHING,  INVALID),
        COMPLETE_ABORT: Repeat( Done.NOTHING,  Done.END,       INVALID,       INVALID),
    }
)  # fmt: skip

TV1_ANSWERS: Final[Mapping[TransactionState, Repeat]] = MappingProxyType(
    {
        #                       abort, retry   abort, current  commit, retry  commit, current
        EMPTY: Repeat(          FENCED,        INVALID,        FENCED,        INVALID),
        ONGOING: Repeat(        FENCED,        Done.END,       FENCED,        Done.END),
        PREPARE_COMMIT: Repeat( FENCED,        INVALID,        FENCED,        ENDING),
        PREPARE_ABORT: Repeat(  FENCED,        ENDING,         FENCED,        INVALID),
        COMPLETE_COMMIT: Repeat(FENCED,        INVALID,        FENCED,        Done.NOTHING),
        COMPLETE_ABORT: Repeat( FENCED,        Done.NOTHING,   FENCED,        INVALID),
    }
)  # fmt: skip


class EndTxn(NamedTuple):
    """The request. `version` is TV2 for EndTxn v5 and later, else TV0."""

    transactional_id: str
    producer_id: ProducerId
    producer_epoch: int
    commit: bool
    version: int


def end_transaction(
    current: Transaction, request: EndTxn, take_producer_id: Callable[[], ProducerId], wall_ms: int
) -> Transaction | None:
    """PREPARE_x, or None when there is nothing to do but answer. `current` is known not to be pending.

    Raises Rejected [48], [49], [51], [90]; [14] while a producer id is needed and none at hand.
    """
    overflowed = _is_retry_over_rotation(current, request)
    if request.producer_id != current.producer_id and not overflowed:
        raise Rejected(
            ErrorCode.INVALID_PRODUCER_ID_MAPPING, "another producer id has this transactional id", rule="T7"
        )
    answers = TV2_ANSWERS if request.version >= TV2 else TV1_ANSWERS
    answer = _look_up(answers[current.state], current, request, overflowed=overflowed)
    if isinstance(answer, ErrorCode):
        raise Rejected(answer, f"{_asked(request)} in {current.state.display_name}", rule="T7")
    if answer is Done.NOTHING:
        return None
    return _prepared(current, request, take_producer_id, wall_ms)


def _is_retry_over_rotation(current: Transaction, request: EndTxn) -> bool:
    """The end that used up the last epoch moved to another producer id; its retry still has the old one."""
    return (
        request.version >= TV2
        and request.producer_id == current.previous_producer_id
        and request.producer_epoch == LAST_EPOCH
        and current.producer_epoch == 0
    )


def _look_up(row: Repeat, current: Transaction, request: EndTxn, *, overflowed: bool) -> Done | ErrorCode:
    if overflowed or request.producer_epoch == current.producer_epoch - 1:
        return row.commit_retry if request.commit else row.abort_retry
    if request.producer_epoch == current.producer_epoch:
        return row.commit_current if request.commit else row.abort_current
    return FENCED


def _prepared(
    current: Transaction, request: EndTxn, take_producer_id: Callable[[], ProducerId], wall_ms: int
) -> Transaction:
    decided = current._replace(
        state=PREPARE_COMMIT if request.commit else PREPARE_ABORT,
        next_producer_id=NO_PRODUCER_ID,
        # An abort of what never began has no start; Kafka takes the time of the abort.
        start_timestamp_ms=current.start_timestamp_ms if current.state is ONGOING else wall_ms,
        update_timestamp_ms=wall_ms,
        client_transaction_version=TV2 if request.version >= TV2 else TV0,
    )
    if request.version < TV2:
        return decided
    return decided._replace(
        producer_epoch=min(current.producer_epoch + 1, LAST_EPOCH + 1),
        last_producer_epoch=current.producer_epoch,
        next_producer_id=take_producer_id() if current.is_epoch_exhausted else NO_PRODUCER_ID,
    )


def answered_identity(ended: Transaction, version: int) -> ProducerIdAndEpoch:
    """What the client goes on with: under TV2 the bumped epoch, or the next producer id at epoch 0."""
    if version < TV2:
        return ProducerIdAndEpoch(NO_PRODUCER_ID, -1)
    if ended.next_producer_id != NO_PRODUCER_ID:
        return ProducerIdAndEpoch(ended.next_producer_id, 0)
    return ended.identity


def _asked(request: EndTxn) -> str:
    return f"{'commit' if request.commit else 'abort'} with epoch {request.producer_epoch}"
