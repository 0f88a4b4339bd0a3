"""Transactions from outside: listed, described, ended by force; and those that hang (T14, T15; KIP-664)."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Final, NamedTuple

from minikafka.client.client import TRANSACTION, Client, check
from minikafka.errors import ErrorCode, RequestRefused
from minikafka.types import NO_OFFSET, Offset, ProducerEpoch, ProducerId, TopicPartition
from minikafka.wire.messages.describe_producers import (
    DescribeProducersRequest,
    DescribeProducersResponse,
    TopicRequest,
)
from minikafka.wire.messages.describe_transactions import (
    DescribeTransactionsRequest,
    DescribeTransactionsResponse,
)
from minikafka.wire.messages.init_producer_id import InitProducerIdRequest, InitProducerIdResponse
from minikafka.wire.messages.list_transactions import ListTransactionsRequest, ListTransactionsResponse
from minikafka.wire.messages.write_txn_markers import (
    WritableTxnMarker,
    WritableTxnMarkerTopic,
    WriteTxnMarkersRequest,
    WriteTxnMarkersResponse,
)

ONGOING: Final = "Ongoing"


class ListedTransaction(NamedTuple):
    """As its coordinator lists it."""

    transactional_id: str
    producer_id: ProducerId
    state: str


class DescribedTransaction(NamedTuple):
    """start_ms: wall time the transaction began, -1 when none is open. timeout_ms: how long it may stay open."""

    transactional_id: str
    state: str
    producer_id: ProducerId
    producer_epoch: ProducerEpoch
    timeout_ms: int
    start_ms: int
    partitions: list[TopicPartition]


class ProducerOnPartition(NamedTuple):
    """last_timestamp_ms: of its last batch. transaction_start: NO_OFFSET when it has none open here."""

    partition: TopicPartition
    producer_id: ProducerId
    producer_epoch: ProducerEpoch
    coordinator_epoch: int
    last_sequence: int
    last_timestamp_ms: int
    transaction_start: Offset


def list_transactions(client: Client, states: Iterable[str] = ()) -> list[ListedTransaction]:
    """Of every living broker, by id; all states when none is named. Raises RequestRefused, MinikafkaError."""
    found: dict[str, ListedTransaction] = {}
    request = ListTransactionsRequest(list(states))

    def ask(broker: int) -> None:
        answer = client.ask(lambda: client.broker(broker), request, ListTransactionsResponse)
        check(answer.error_code, "listing transactions")
        if answer.unknown_state_filters:
            raise RequestRefused(
                ErrorCode.INVALID_REQUEST, f"no such state: {', '.join(answer.unknown_state_filters)}"
            )
        for each in answer.transaction_states:
            found[each.transactional_id] = ListedTransaction(
                each.transactional_id, each.producer_id, each.transaction_state
            )

    for broker in client.until_settled("listing brokers", client.brokers):
        client.until_settled("listing transactions", partial(ask, broker))
    return [found[name] for name in sorted(found)]


def describe_transaction(client: Client, transactional_id: str) -> DescribedTransaction:
    """Raises RequestRefused TRANSACTIONAL_ID_NOT_FOUND."""

    def attempt() -> DescribedTransaction:
        response = client.ask(
            lambda: client.coordinator(transactional_id, TRANSACTION),
            DescribeTransactionsRequest([transactional_id]),
            DescribeTransactionsResponse,
        )
        (found,) = response.transaction_states
        check(found.error_code, f"transactional id {transactional_id!r}")
        return DescribedTransaction(
            transactional_id,
            found.transaction_state,
            found.producer_id,
            found.producer_epoch,
            found.transaction_timeout_ms,
            found.transaction_start_time_ms,
            sorted(TopicPartition(each.topic, number) for each in found.topics for number in each.partitions),
        )

    return client.until_settled(f"describing {transactional_id}", attempt)


def producers_on(client: Client, partition: TopicPartition) -> list[ProducerOnPartition]:
    """Everyone the leader remembers, by producer id. Raises RequestRefused, MinikafkaError."""
    request = DescribeProducersRequest([TopicRequest(partition.topic, [partition.partition])])

    def attempt() -> list[ProducerOnPartition]:
        response = client.ask(lambda: client.leader(partition), request, DescribeProducersResponse)
        (found,) = response.topics[0].partitions
        check(found.error_code, f"producers on {partition}", found.error_message)
        return sorted(
            ProducerOnPartition(
                partition,
                each.producer_id,
                each.producer_epoch,
                each.coordinator_epoch,
                each.last_sequence,
                each.last_timestamp,
                each.current_txn_start_offset,
            )
            for each in found.active_producers
        )

    return client.until_settled(f"producers on {partition}", attempt)


def is_hanging(client: Client, open_one: ProducerOnPartition) -> bool:
    """Whether nobody will ever end it: its coordinator knows no transaction of this producer on this partition."""
    mine = [each for each in list_transactions(client) if each.producer_id == open_one.producer_id]
    return not any(_includes(client, each.transactional_id, open_one) for each in mine)


def find_hanging(
    client: Client, partitions: Iterable[TopicPartition], *, older_than_ms: int, now_ms: int
) -> list[ProducerOnPartition]:
    """Open transactions whose last record is at least that old and that no coordinator will end. now_ms: wall time."""
    suspects = [
        each
        for partition in partitions
        for each in producers_on(client, partition)
        if each.transaction_start != NO_OFFSET and now_ms - each.last_timestamp_ms >= older_than_ms
    ]
    return [each for each in suspects if is_hanging(client, each)]


def _includes(client: Client, transactional_id: str, open_one: ProducerOnPartition) -> bool:
    known = describe_transaction(client, transactional_id)
    return (
        known.producer_epoch == open_one.producer_epoch
        and open_one.partition in known.partitions
        and known.state != "Empty"
    )


def abort_by_id(client: Client, transactional_id: str) -> None:
    """Become the id's producer: what it had open is aborted, and whoever used it is fenced (T5)."""

    def attempt() -> None:
        answer = client.ask(
            lambda: client.coordinator(transactional_id, TRANSACTION),
            InitProducerIdRequest(transactional_id, 60_000),
            InitProducerIdResponse,
            highest=4,
        )
        check(answer.error_code, f"transactional id {transactional_id!r}")

    client.until_settled(f"aborting {transactional_id}", attempt)


def abort_on_partition(client: Client, open_one: ProducerOnPartition) -> None:
    """Write the abort marker that its coordinator never will. Only for one that hangs. Raises RequestRefused."""
    partition = open_one.partition
    marker = WritableTxnMarker(
        open_one.producer_id,
        open_one.producer_epoch,
        False,
        [WritableTxnMarkerTopic(partition.topic, [partition.partition])],
        # Of an epoch that no coordinator is older than: a transaction that was never begun with one has -1.
        max(open_one.coordinator_epoch, 0),
    )

    def attempt() -> None:
        response = client.ask(
            lambda: client.leader(partition),
            WriteTxnMarkersRequest([marker]),
            WriteTxnMarkersResponse,
            highest=1,
        )
        (result,) = response.markers[0].topics[0].partitions
        check(result.error_code, f"marker on {partition}")

    client.until_settled(f"marker on {partition}", attempt)
