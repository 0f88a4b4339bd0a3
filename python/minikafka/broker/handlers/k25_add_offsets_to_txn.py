"""AddOffsetsToTxn (API 25), versions 0 to 4: a group's offsets will be committed by this transaction (T12).

v2 knows PRODUCER_FENCED [90]; older versions hear INVALID_PRODUCER_EPOCH [47]. v3 flexible. v4 knows
TRANSACTION_ABORTABLE. TV2 clients do not send it: TxnOffsetCommit v5 adds the partition itself.

To the coordinator it is AddPartitionsToTxn with one partition: the group's, of `__consumer_offsets`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from minikafka.broker.coordinators import OFFSETS_TOPIC
from minikafka.broker.patience import PatientAdd
from minikafka.broker.request import Request
from minikafka.errors import ErrorCode, Rejected
from minikafka.transaction.add_partitions import AddPartitions
from minikafka.transaction.transaction import TV0
from minikafka.types import Now, TopicPartition
from minikafka.wire.messages.add_offsets_to_txn import AddOffsetsToTxnRequest, AddOffsetsToTxnResponse

if TYPE_CHECKING:
    from minikafka.broker.broker import Broker

KNOWS_FENCED_VERSION: Final = 2


def handle(broker: Broker, request: Request[AddOffsetsToTxnRequest], now: Now) -> None:
    """Add the partition that the group's offsets live in."""
    body = request.body

    def rejected(refusal: Rejected, _: Now) -> None:
        code = refusal.code
        if code is ErrorCode.PRODUCER_FENCED and request.api_version < KNOWS_FENCED_VERSION:
            code = ErrorCode.INVALID_PRODUCER_EPOCH
        request.reply(AddOffsetsToTxnResponse(error_code=int(code)))

    try:
        if not body.transactional_id:
            raise Rejected(ErrorCode.INVALID_REQUEST, "a transactional id may not be empty")
        offsets = TopicPartition(OFFSETS_TOPIC, broker.groups.partition_for(body.group_id))
        index = broker.transactions.partition_for(body.transactional_id)
    except Rejected as refusal:
        rejected(refusal, now)
        return
    asked = AddPartitions(
        body.transactional_id, body.producer_id, body.producer_epoch, frozenset({offsets}), TV0
    )
    key = ("add-offsets", request.connection, request.header.correlation_id)
    PatientAdd(
        broker,
        index,
        asked,
        lambda code, _: request.reply(AddOffsetsToTxnResponse(error_code=int(code))),
        rejected,
        key,
    ).begin(now)
