"""Produce (API 0), versions 3 to 13; 0 to 2 are advertised for librdkafka's sake and refused (C3).

v7 zstd. v8 answers which records of a batch were bad (L7). v9 flexible. v10 names the new leader with [6] (L8).
v11 may hear TRANSACTION_ABORTABLE. v12 adds a partition to its transaction by writing to it (TV2, T6).
v13 names topics by id.

One partition never fails another: each gets its own error or offset. With acks=all the answer waits for the high
watermark (R7); in fsync mode any answer waits for the leader's recovery point too. What waits lives in `ProduceCall`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from minikafka.broker.produce_call import ProduceCall
from minikafka.broker.request import Request
from minikafka.broker.verification import for_old_clients, partitions_to_verify
from minikafka.errors import ErrorCode, Rejected
from minikafka.partition.acks import VALID_ACKS
from minikafka.types import Now, TopicPartition
from minikafka.wire.messages.produce import ProduceRequest

if TYPE_CHECKING:
    from minikafka.broker.broker import Broker

ABORTABLE_VERSION: Final = 11
"""From this version on a producer understands TRANSACTION_ABORTABLE (T6)."""
TV2_VERSION: Final = 12
"""From this version on a transactional write adds its partition to the transaction (T6)."""


def handle(broker: Broker, request: Request[ProduceRequest], now: Now) -> None:
    """Append each partition's batch, then answer when `acks` is satisfied."""
    body = request.body
    call = ProduceCall(broker, request)
    if body.acks not in VALID_ACKS:
        call.reject_all(ErrorCode.INVALID_REQUIRED_ACKS, f"acks={body.acks}; it must be -1, 0 or 1", now)
        return
    try:
        unverified = partitions_to_verify(broker, request)
    except Rejected as rejected:
        call.reject_all(rejected.code, rejected.why, now)
        return
    if unverified is None:
        call.append_all({}, now)
        return
    producer_id, producer_epoch, partitions = unverified

    def verified(errors: dict[TopicPartition, ErrorCode], at: Now) -> None:
        refused: dict[TopicPartition, ErrorCode] = {
            partition: code for partition, code in errors.items() if code != ErrorCode.NONE
        }
        if request.api_version < ABORTABLE_VERSION:
            refused = for_old_clients(refused)
        call.append_all(refused, at)

    broker.verifier.verify(
        broker,
        body.transactional_id or "",
        producer_id,
        producer_epoch,
        partitions,
        request.api_version >= TV2_VERSION,
        verified,
        now,
    )
