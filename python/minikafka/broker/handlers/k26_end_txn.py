"""EndTxn (API 26), versions 0 to 5: commit or abort.

v2 knows PRODUCER_FENCED [90]; older versions hear INVALID_PRODUCER_EPOCH [47] (T5). v3 flexible. v4 knows
TRANSACTION_ABORTABLE. v5 is TV2 (KIP-890): the epoch is bumped, and the answer says which producer id and epoch come
next.

Answered when the decision is replicated, before any marker is written (T7, transaction/end_txn.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from minikafka.broker.request import Request
from minikafka.errors import ErrorCode, Rejected
from minikafka.transaction.end_txn import EndTxn
from minikafka.transaction.transaction import TV0, TV2, ProducerIdAndEpoch
from minikafka.types import Now
from minikafka.wire.messages.end_txn import EndTxnRequest, EndTxnResponse

if TYPE_CHECKING:
    from minikafka.broker.broker import Broker

KNOWS_FENCED_VERSION: Final = 2
TV2_VERSION: Final = 5


def handle(broker: Broker, request: Request[EndTxnRequest], now: Now) -> None:
    """Let the transactional id's coordinator decide."""
    body = request.body
    asked = EndTxn(
        body.transactional_id,
        body.producer_id,
        body.producer_epoch,
        body.committed,
        TV2 if request.api_version >= TV2_VERSION else TV0,
    )
    try:
        if not asked.transactional_id:
            raise Rejected(ErrorCode.INVALID_REQUEST, "a transactional id may not be empty")
        index = broker.transactions.partition_for(asked.transactional_id)
    except Rejected as refusal:
        _refuse(request, refusal.code)
        return
    broker.transactions.write(
        index,
        lambda shard, at: shard.end_transaction(asked, at),
        lambda identity, _: _answer(request, identity),
        lambda refusal, _: _refuse(request, refusal.code),
        now,
    )


def _answer(request: Request[EndTxnRequest], identity: ProducerIdAndEpoch) -> None:
    request.reply(EndTxnResponse(producer_id=identity.producer_id, producer_epoch=identity.producer_epoch))


def _refuse(request: Request[EndTxnRequest], code: ErrorCode) -> None:
    if code is ErrorCode.PRODUCER_FENCED and request.api_version < KNOWS_FENCED_VERSION:
        code = ErrorCode.INVALID_PRODUCER_EPOCH
    request.reply(EndTxnResponse(error_code=int(code)))
