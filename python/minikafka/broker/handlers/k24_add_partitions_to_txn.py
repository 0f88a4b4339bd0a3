"""AddPartitionsToTxn (API 24), versions 0 to 5.

v0 to v3 from clients, one transaction each: TV1. v2 knows PRODUCER_FENCED [90]; older versions hear
INVALID_PRODUCER_EPOCH [47] (T5). v3 flexible. v4 from brokers, many transactions, `verify_only` (KIP-890): TV2 unless
it only verifies. v5 knows TRANSACTION_ABORTABLE.

One bad partition fails all of its transaction: it gets its own error, the others OPERATION_NOT_ATTEMPTED [55] (T4).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Final

from minikafka.broker.groups import Gather
from minikafka.broker.patience import PatientAdd
from minikafka.broker.request import Request
from minikafka.errors import ErrorCode, Rejected
from minikafka.transaction.add_partitions import AddPartitions
from minikafka.transaction.transaction import TV0, TV2
from minikafka.types import Now, TopicPartition
from minikafka.wire.messages import add_partitions_to_txn as wire

if TYPE_CHECKING:
    from minikafka.broker.broker import Broker

KNOWS_FENCED_VERSION: Final = 2
BATCHED_VERSION: Final = 4

Errors = dict[TopicPartition, ErrorCode]


def handle(broker: Broker, request: Request[wire.AddPartitionsToTxnRequest], now: Now) -> None:
    """Add, or verify, the partitions of each transaction."""
    if request.api_version >= BATCHED_VERSION:
        _handle_batch(broker, request, now)
        return
    body = request.body
    asked = AddPartitions(
        body.v3_and_below_transactional_id,
        body.v3_and_below_producer_id,
        body.v3_and_below_producer_epoch,
        _partitions(body.v3_and_below_topics),
        TV0,
    )

    def answer(errors: Errors, _: Now) -> None:
        topics = _results(body.v3_and_below_topics, _as_heard(errors, request.api_version))
        request.reply(wire.AddPartitionsToTxnResponse(results_by_topic_v3_and_below=topics))

    _add(broker, asked, (request.connection, request.header.correlation_id, 0), answer, now)


def _handle_batch(broker: Broker, request: Request[wire.AddPartitionsToTxnRequest], now: Now) -> None:
    transactions = request.body.transactions

    def answer(results: Iterable[wire.AddPartitionsToTxnResult]) -> None:
        request.reply(wire.AddPartitionsToTxnResponse(results_by_transaction=list(results)))

    gather = Gather(len(transactions), answer)
    for number, transaction in enumerate(transactions):
        put = _putter(gather, number, transaction)
        asked = AddPartitions(
            transaction.transactional_id,
            transaction.producer_id,
            transaction.producer_epoch,
            _partitions(transaction.topics),
            TV0 if transaction.verify_only else TV2,
        )
        if transaction.verify_only:
            _verify(broker, asked, put, now)
        else:
            _add(broker, asked, (request.connection, request.header.correlation_id, number), put, now)
    if not request.answered:
        # Another producer's question must not wait for this one's transaction to end.
        request.let_next_pass()


def _putter(
    gather: Gather[wire.AddPartitionsToTxnResult],
    number: int,
    transaction: wire.AddPartitionsToTxnTransaction,
) -> Callable[[Errors, Now], None]:
    def put(errors: Errors, _: Now) -> None:
        topics = _results(transaction.topics, errors)
        gather.put(
            number,
            wire.AddPartitionsToTxnResult(
                transactional_id=transaction.transactional_id, topic_results=topics
            ),
        )

    return put


def _add(
    broker: Broker,
    asked: AddPartitions,
    key: tuple[int, ...],
    answer: Callable[[Errors, Now], None],
    now: Now,
) -> None:
    unknown = {name for name in asked.partitions if broker.image.partition(name) is None}
    if unknown:
        refused = ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
        others = ErrorCode.OPERATION_NOT_ATTEMPTED
        answer({name: refused if name in unknown else others for name in asked.partitions}, now)
        return

    def alike(code: ErrorCode, at: Now) -> None:
        answer(dict.fromkeys(asked.partitions, code), at)

    def rejected(refusal: Rejected, at: Now) -> None:
        alike(refusal.code, at)

    try:
        index = _coordinator_of(broker, asked)
    except Rejected as refusal:
        rejected(refusal, now)
        return
    PatientAdd(broker, index, asked, alike, rejected, ("add-partitions", *key)).begin(now)


def _verify(broker: Broker, asked: AddPartitions, answer: Callable[[Errors, Now], None], now: Now) -> None:
    def rejected(refusal: Rejected, at: Now) -> None:
        answer(dict.fromkeys(asked.partitions, refusal.code), at)

    try:
        index = _coordinator_of(broker, asked)
    except Rejected as refusal:
        rejected(refusal, now)
        return
    broker.transactions.read(
        index, lambda shard, at: shard.verify_partitions(asked, at), answer, rejected, now
    )


def _coordinator_of(broker: Broker, asked: AddPartitions) -> int:
    if not asked.transactional_id:
        raise Rejected(ErrorCode.INVALID_REQUEST, "a transactional id may not be empty")
    return broker.transactions.partition_for(asked.transactional_id)


def _partitions(topics: Iterable[wire.AddPartitionsToTxnTopic]) -> frozenset[TopicPartition]:
    return frozenset(TopicPartition(topic.name, index) for topic in topics for index in topic.partitions)


def _as_heard(errors: Errors, api_version: int) -> Errors:
    if api_version >= KNOWS_FENCED_VERSION:
        return errors
    return {
        name: ErrorCode.INVALID_PRODUCER_EPOCH if code is ErrorCode.PRODUCER_FENCED else code
        for name, code in errors.items()
    }


def _results(
    topics: Iterable[wire.AddPartitionsToTxnTopic], errors: Errors
) -> list[wire.AddPartitionsToTxnTopicResult]:
    return [
        wire.AddPartitionsToTxnTopicResult(
            name=topic.name,
            results_by_partition=[
                wire.AddPartitionsToTxnPartitionResult(
                    partition_index=index,
                    partition_error_code=int(errors[TopicPartition(topic.name, index)]),
                )
                for index in topic.partitions
            ],
        )
        for topic in topics
    ]
