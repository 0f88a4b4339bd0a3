"""The transaction APIs on the wire: who hears what, in which version (T3-T5, T7, T8, T12, T15, I11)."""

from __future__ import annotations

from typing import Any

import pytest
from minikafka.broker.handlers.k22_init_producer_id import PATIENCE_MS
from minikafka.errors import ErrorCode
from minikafka.transaction.states import COMPLETE_COMMIT, ONGOING
from minikafka.transaction.transaction import TV0, TV2
from minikafka.types import TopicPartition
from minikafka.wire.messages import (
    add_offsets_to_txn,
    add_partitions_to_txn,
    describe_producers,
    describe_transactions,
    end_txn,
    init_producer_id,
    list_transactions,
    write_txn_markers,
)

from tests.unit.coordinator.fakes import START
from tests.unit.transaction.broker_kit import RETRY_MS, Broker
from tests.unit.transaction.world import ID, ORDERS_0, ORDERS_1

FENCED = ErrorCode.PRODUCER_FENCED
INVALID_EPOCH = ErrorCode.INVALID_PRODUCER_EPOCH


def init(transactional_id: str | None = ID, **fields: Any) -> init_producer_id.InitProducerIdRequest:
    return init_producer_id.InitProducerIdRequest(
        transactional_id=transactional_id, transaction_timeout_ms=60_000, **fields
    )


def add(
    version: int, *partitions: int, producer_id: int = 1_000, epoch: int = 0, verify_only: bool = False
) -> add_partitions_to_txn.AddPartitionsToTxnRequest:
    topics = [add_partitions_to_txn.AddPartitionsToTxnTopic(name="orders", partitions=list(partitions))]
    if version < 4:
        return add_partitions_to_txn.AddPartitionsToTxnRequest(
            v3_and_below_transactional_id=ID,
            v3_and_below_producer_id=producer_id,
            v3_and_below_producer_epoch=epoch,
            v3_and_below_topics=topics,
        )
    transaction = add_partitions_to_txn.AddPartitionsToTxnTransaction(
        transactional_id=ID,
        producer_id=producer_id,
        producer_epoch=epoch,
        verify_only=verify_only,
        topics=topics,
    )
    return add_partitions_to_txn.AddPartitionsToTxnRequest(transactions=[transaction])


def codes(response: add_partitions_to_txn.AddPartitionsToTxnResponse) -> list[int]:
    topics = response.results_by_topic_v3_and_below or response.results_by_transaction[0].topic_results
    return [one.partition_error_code for topic in topics for one in topic.results_by_partition]


def end(version: int, epoch: int = 0, *, committed: bool = True) -> end_txn.EndTxnRequest:
    return end_txn.EndTxnRequest(
        transactional_id=ID, producer_id=1_000, producer_epoch=epoch, committed=committed
    )


@pytest.mark.parametrize("version", range(6))
def test_i11_without_a_transactional_id_any_broker_gives_a_fresh_id(version: int) -> None:
    """Epoch 0, another id each time."""
    broker = Broker()
    first, second = (broker.ask(init(None), version) for _ in range(2))
    assert (first.error_code, first.producer_id, first.producer_epoch) == (0, 1_000, 0)
    assert second.producer_id == 1_001


def test_i11_a_starting_broker_waits_for_its_first_block() -> None:
    """Then it answers; if the controller stays away, [14] after a while, which clients retry."""
    broker = Broker()
    broker.world.blocks.is_held = True
    for _ in range(10):
        broker.ask(init(None), 5)
    waiting = broker.begin(init(None), 5)
    assert waiting == []
    broker.advance(PATIENCE_MS)
    assert waiting[0].error_code == ErrorCode.COORDINATOR_LOAD_IN_PROGRESS


def test_t16_two_phase_commit_is_not_served() -> None:
    """InitProducerId v6 is unstable: not advertised."""
    from minikafka.wire.support import SERVED

    assert SERVED[22].max == 5


@pytest.mark.parametrize(("version", "expected"), [(3, INVALID_EPOCH), (4, FENCED), (5, FENCED)])
def test_t5_init_producer_id_names_fencing_by_version(version: int, expected: ErrorCode) -> None:
    """Below v4 clients only know [47]."""
    broker = Broker()
    broker.ask(init(), 5)
    assert broker.ask(init(producer_id=7, producer_epoch=0), version).error_code == expected


def test_t3_half_an_identity_is_an_invalid_request() -> None:
    """An id without its epoch says nothing: [42]."""
    assert Broker().ask(init(producer_id=7), 5).error_code == ErrorCode.INVALID_REQUEST


def test_t3_an_open_transaction_is_answered_concurrent_transactions() -> None:
    """[51], with no producer id; the transaction is being aborted."""
    broker = Broker()
    broker.world.begun()
    answer = broker.ask(init(), 5)
    assert (answer.error_code, answer.producer_id) == (ErrorCode.CONCURRENT_TRANSACTIONS, -1)
    assert broker.world.state().is_prepared


@pytest.mark.parametrize("version", range(6))
def test_t4_partitions_are_added_in_every_version(version: int) -> None:
    """v0-3 is TV1; v4 and later comes from brokers and is TV2."""
    broker = Broker()
    broker.ask(init(), 5)
    assert codes(broker.ask(add(version, 0, 1), version)) == [0, 0]
    assert broker.world.state().partitions == {ORDERS_0, ORDERS_1}
    assert broker.world.state().client_transaction_version == (TV0 if version < 4 else TV2)


@pytest.mark.parametrize(("version", "expected"), [(1, INVALID_EPOCH), (2, FENCED), (4, FENCED)])
def test_t5_add_partitions_names_fencing_by_version(version: int, expected: ErrorCode) -> None:
    """Below v2 [47]; the leader that asks with v4 turns it into [47] itself."""
    broker = Broker()
    broker.ask(init(), 5)
    broker.ask(init(), 5)
    assert codes(broker.ask(add(version, 0), version)) == [expected]


@pytest.mark.parametrize("version", [3, 5])
def test_t4_one_unknown_partition_fails_all(version: int) -> None:
    """It hears [3], the others OPERATION_NOT_ATTEMPTED [55]; nothing is added."""
    broker = Broker()
    broker.ask(init(), 5)
    assert codes(broker.ask(add(version, 0, 9), version)) == [55, 3]
    assert broker.world.state().partitions == frozenset()


def test_t6_verify_only_changes_nothing() -> None:
    """The leader of a TV1 client's partition asks; [120] for what was not added."""
    broker = Broker()
    broker.ask(init(), 5)
    broker.ask(add(3, 0), 3)
    assert codes(broker.ask(add(5, 0, 1, verify_only=True), 5)) == [0, 120]
    assert broker.world.state().partitions == {ORDERS_0}


def test_t4_an_add_during_the_end_waits_one_retry_interval() -> None:
    """By the rule [51]; told only once the transaction has had the time a retry would have given it."""
    broker = Broker()
    broker.world.begun()
    broker.world.end(commit=True)
    answer = broker.begin(add(3, 0, epoch=1), 3)
    assert answer == []
    broker.advance(RETRY_MS)
    assert codes(answer[0]) == [ErrorCode.CONCURRENT_TRANSACTIONS]


def test_t4_an_add_during_the_end_succeeds_as_soon_as_it_may() -> None:
    """The markers are written: no retry needed."""
    broker = Broker()
    broker.world.begun()
    broker.world.end(commit=True)
    answer = broker.begin(add(3, 0, epoch=1), 3)
    broker.world.finish_markers()
    assert codes(answer[0]) == [0]
    assert broker.world.state().state is ONGOING
    broker.advance(RETRY_MS)
    assert len(answer) == 1


@pytest.mark.parametrize(("version", "next_"), [(0, (-1, -1)), (4, (-1, -1)), (5, (1_000, 1))])
def test_t7_only_v5_says_what_comes_next(version: int, next_: tuple[int, int]) -> None:
    """TV2: the bumped epoch. Older clients go on as they are."""
    broker = Broker()
    broker.world.begun()
    answer = broker.ask(end(version), version)
    assert (answer.error_code, answer.producer_id, answer.producer_epoch) == (0, *next_)
    broker.world.finish_markers()
    assert broker.world.state().state is COMPLETE_COMMIT


@pytest.mark.parametrize(("version", "expected"), [(1, INVALID_EPOCH), (2, FENCED), (5, FENCED)])
def test_t5_end_txn_names_fencing_by_version(version: int, expected: ErrorCode) -> None:
    """Below v2 [47]."""
    broker = Broker()
    broker.world.begun()
    assert broker.ask(end(version, epoch=5), version).error_code == expected


def test_t1_another_brokers_id_is_not_coordinated_here() -> None:
    """[16] when another broker leads the id's partition, [15] while the topic does not exist."""
    broker = Broker()
    broker.transactions.unload(0, START)
    assert broker.ask(end(5), 5).error_code == ErrorCode.NOT_COORDINATOR
    broker.transactions.partition_count = 0
    assert broker.ask(end(5), 5).error_code == ErrorCode.COORDINATOR_NOT_AVAILABLE


@pytest.mark.parametrize("version", range(5))
def test_t12_add_offsets_adds_the_groups_partition(version: int) -> None:
    """`__consumer_offsets` gets a marker like any other partition."""
    broker = Broker()
    broker.ask(init(), 5)
    request = add_offsets_to_txn.AddOffsetsToTxnRequest(
        transactional_id=ID, producer_id=1_000, producer_epoch=0, group_id="g"
    )
    assert broker.ask(request, version).error_code == 0
    assert broker.world.state().partitions == {TopicPartition("__consumer_offsets", 0)}


def markers(version: int, *indexes: int) -> write_txn_markers.WriteTxnMarkersRequest:
    return write_txn_markers.WriteTxnMarkersRequest(
        markers=[
            write_txn_markers.WritableTxnMarker(
                producer_id=7,
                producer_epoch=3,
                transaction_result=True,
                topics=[
                    write_txn_markers.WritableTxnMarkerTopic(name="orders", partition_indexes=list(indexes))
                ],
                coordinator_epoch=4,
                transaction_version=TV2 if version >= 2 else 0,
            )
        ]
    )


def marker_codes(answer: write_txn_markers.WriteTxnMarkersResponse) -> list[int]:
    return [one.error_code for topic in answer.markers[0].topics for one in topic.partitions]


@pytest.mark.parametrize("version", [1, 2])
def test_t8_markers_are_answered_when_they_are_replicated(version: int) -> None:
    """As acks=all: a marker lost with its leader would leave the transaction hanging."""
    broker = Broker()
    answer = broker.begin(markers(version, 0, 1), version)
    (marker,) = broker.partitions[ORDERS_0].markers
    assert (marker["producer_id"], marker["producer_epoch"], marker["commit"]) == (7, 3, True)
    assert (marker["coordinator_epoch"], marker["transaction_version"]) == (4, TV2 if version == 2 else 0)
    assert [written[:2] for written in broker.marker_written] == [(ORDERS_0, 10), (ORDERS_1, 10)]
    assert answer == []
    broker.replicated()
    assert marker_codes(answer[0]) == [0, 0]


def test_t8_each_partition_hears_its_own_error() -> None:
    """Refused at once, refused later, unknown: one never hides another."""
    broker = Broker()
    broker.partitions[ORDERS_1].refusal = ErrorCode.TRANSACTION_COORDINATOR_FENCED
    answer = broker.begin(markers(2, 0, 1, 9), 2)
    broker.replicated(ErrorCode.NOT_ENOUGH_REPLICAS_AFTER_APPEND)
    assert marker_codes(answer[0]) == [20, 52, 3]


def test_t15_describe_transactions_answers_each_id() -> None:
    """Known, unknown [105] and empty [42] side by side."""
    broker = Broker()
    broker.world.begun()
    request = describe_transactions.DescribeTransactionsRequest(transactional_ids=[ID, "other", ""])
    known, unknown, empty = broker.ask(request, 0).transaction_states
    assert (known.transaction_state, known.producer_id) == ("Ongoing", 1_000)
    assert [(topic.topic, topic.partitions) for topic in known.topics] == [("orders", [0, 1])]
    assert (unknown.error_code, empty.error_code) == (105, 42)


@pytest.mark.parametrize("version", range(3))
def test_t15_list_transactions_in_every_version(version: int) -> None:
    """What is coordinated here, and the state names that mean nothing."""
    broker = Broker()
    broker.world.begun()
    request = list_transactions.ListTransactionsRequest(state_filters=["Ongoing", "Nonsense"])
    answer = broker.ask(request, version)
    assert [each.transactional_id for each in answer.transaction_states] == [ID]
    assert answer.unknown_state_filters == ["Nonsense"]


def test_t14_describe_producers_says_why_a_partition_is_not_described() -> None:
    """Led here: its producers; unknown: [3]."""
    topic = describe_producers.TopicRequest(name="orders", partition_indexes=[0, 9])
    answer = Broker().ask(describe_producers.DescribeProducersRequest(topics=[topic]), 0)
    assert [each.error_code for each in answer.topics[0].partitions] == [0, 3]
