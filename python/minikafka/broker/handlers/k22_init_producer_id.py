"""InitProducerId (API 22), versions 0 to 5. v6 (two-phase commit, KIP-939) is unstable and not served (T16).

v2 flexible. v3 a producer that goes on says who it was (KIP-360). v4 knows PRODUCER_FENCED [90]; older versions hear
INVALID_PRODUCER_EPOCH [47] (T5). v5 knows TRANSACTION_ABORTABLE.

Without a transactional id any broker gives a fresh producer id, epoch 0 (I11); Java's default producer starts so (C5).
With one, its coordinator decides who holds it (T3, transaction/init_producer.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from minikafka.broker.request import Request
from minikafka.errors import ErrorCode, Rejected
from minikafka.transaction.init_producer import InitProducerId, InitProducerIdAnswer
from minikafka.transaction.transaction import ProducerIdAndEpoch
from minikafka.types import NO_PRODUCER_EPOCH, NO_PRODUCER_ID, Now
from minikafka.wire.messages.init_producer_id import InitProducerIdRequest, InitProducerIdResponse

if TYPE_CHECKING:
    from minikafka.broker.broker import Broker

KNOWS_FENCED_VERSION: Final = 4
PATIENCE_MS: Final = 1_000
"""How long a request waits for the controller's block of ids before it hears [14], as it does from Kafka at once."""


def handle(broker: Broker, request: Request[InitProducerIdRequest], now: Now) -> None:
    """Give out an id, once there is one to give."""
    key = ("init-producer-id", request.connection, request.header.correlation_id)

    def begin(at: Now) -> None:
        broker.timers.cancel(key)
        if not request.answered:
            _decide(broker, request, at)

    def give_up(_: Now) -> None:
        _refuse(request, ErrorCode.COORDINATOR_LOAD_IN_PROGRESS)

    broker.timers.set(key, now.waiting_ms + PATIENCE_MS, give_up)
    broker.producer_ids.when_ready(begin, now)


def _decide(broker: Broker, request: Request[InitProducerIdRequest], now: Now) -> None:
    body = request.body
    try:
        if body.transactional_id is None:
            answer = InitProducerIdAnswer(ErrorCode.NONE, broker.producer_ids.take(now), 0)
            _answer(request, answer)
            return
        asked = InitProducerId(body.transactional_id, body.transaction_timeout_ms, _expected(body))
        index = broker.transactions.partition_for(body.transactional_id)
    except Rejected as refusal:
        _refuse(request, refusal.code)
        return
    broker.transactions.write(
        index,
        lambda shard, at: shard.init_producer(asked, at),
        lambda answer, _: _answer(request, answer),
        lambda refusal, _: _refuse(request, refusal.code),
        now,
    )


def _expected(body: InitProducerIdRequest) -> ProducerIdAndEpoch | None:
    """Who the producer thinks it is. Raises Rejected [42] for half an identity."""
    has_id = body.producer_id != NO_PRODUCER_ID
    has_epoch = body.producer_epoch != NO_PRODUCER_EPOCH
    if has_id != has_epoch:
        raise Rejected(ErrorCode.INVALID_REQUEST, "a producer id and its epoch come together")
    return ProducerIdAndEpoch(body.producer_id, body.producer_epoch) if has_id else None


def _answer(request: Request[InitProducerIdRequest], answer: InitProducerIdAnswer) -> None:
    if answer.error is not ErrorCode.NONE:
        _refuse(request, answer.error)
    else:
        request.reply(
            InitProducerIdResponse(producer_id=answer.producer_id, producer_epoch=answer.producer_epoch)
        )


def _refuse(request: Request[InitProducerIdRequest], code: ErrorCode) -> None:
    if code is ErrorCode.PRODUCER_FENCED and request.api_version < KNOWS_FENCED_VERSION:
        code = ErrorCode.INVALID_PRODUCER_EPOCH
    request.reply(
        InitProducerIdResponse(
            error_code=int(code), producer_id=NO_PRODUCER_ID, producer_epoch=NO_PRODUCER_EPOCH
        )
    )
