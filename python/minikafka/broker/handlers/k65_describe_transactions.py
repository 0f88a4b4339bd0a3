"""DescribeTransactions (API 65), version 0: the state of transactional ids, from their coordinators (T15)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from minikafka.broker.groups import Gather
from minikafka.broker.request import Request
from minikafka.errors import ErrorCode, Rejected
from minikafka.transaction.transaction import Transaction
from minikafka.types import Now
from minikafka.wire.messages import describe_transactions as wire

if TYPE_CHECKING:
    from minikafka.broker.broker import Broker


def handle(broker: Broker, request: Request[wire.DescribeTransactionsRequest], now: Now) -> None:
    """Each id's state, or why not; one id never fails another."""

    def answer(states: Iterable[wire.TransactionState]) -> None:
        request.reply(wire.DescribeTransactionsResponse(transaction_states=list(states)))

    ids = request.body.transactional_ids
    gather = Gather(len(ids), answer)
    for number, transactional_id in enumerate(ids):
        _describe(broker, transactional_id, gather, number, now)


def _describe(
    broker: Broker, transactional_id: str, gather: Gather[wire.TransactionState], number: int, now: Now
) -> None:
    def refused(refusal: Rejected, _: Now) -> None:
        state = wire.TransactionState(error_code=int(refusal.code), transactional_id=transactional_id)
        gather.put(number, state)

    try:
        if not transactional_id:
            raise Rejected(ErrorCode.INVALID_REQUEST, "a transactional id may not be empty")
        index = broker.transactions.partition_for(transactional_id)
    except Rejected as refusal:
        refused(refusal, now)
        return
    broker.transactions.read(
        index,
        lambda shard, at: shard.describe(transactional_id, at),
        lambda found, _: gather.put(number, _state(found)),
        refused,
        now,
    )


def _state(transaction: Transaction) -> wire.TransactionState:
    topics: dict[str, list[int]] = {}
    for topic, partition in sorted(transaction.partitions):
        topics.setdefault(topic, []).append(partition)
    return wire.TransactionState(
        transactional_id=transaction.transactional_id,
        transaction_state=transaction.state.display_name,
        transaction_timeout_ms=transaction.timeout_ms,
        transaction_start_time_ms=transaction.start_timestamp_ms,
        producer_id=transaction.producer_id,
        producer_epoch=transaction.producer_epoch,
        topics=[wire.TopicData(topic=name, partitions=partitions) for name, partitions in topics.items()],
    )
