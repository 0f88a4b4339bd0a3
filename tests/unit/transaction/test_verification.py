"""T6: the leader of a partition asks before a transaction's first write there."""

from __future__ import annotations

import pytest
from minikafka.broker.verification import for_old_clients
from minikafka.errors import ErrorCode
from minikafka.trace import Trace
from minikafka.transaction.transaction import ProducerIdAndEpoch
from minikafka.types import Now, TopicPartition
from minikafka.wire.messages import add_partitions_to_txn as wire

from tests.unit.coordinator.fakes import START, later
from tests.unit.transaction.broker_kit import RETRY_AT_MOST_MS, RETRY_MS, Broker
from tests.unit.transaction.world import ID, ORDERS_0, ORDERS_1

Heard = list[dict[TopicPartition, ErrorCode]]


def ask(
    broker: Broker, *partitions: TopicPartition, producer: ProducerIdAndEpoch, adds: bool, now: Now = START
) -> Heard:
    heard: Heard = []
    broker.verifier.verify(
        broker,  # type: ignore[arg-type]
        ID,
        *producer,
        list(partitions),
        adds,
        lambda errors, _: heard.append(errors),
        now,
    )
    return heard


def started(broker: Broker) -> ProducerIdAndEpoch:
    broker.world.init()
    return broker.world.state().identity


def reply(code: ErrorCode) -> wire.AddPartitionsToTxnResponse:
    result = wire.AddPartitionsToTxnPartitionResult(partition_index=0, partition_error_code=int(code))
    topic = wire.AddPartitionsToTxnTopicResult(name="orders", results_by_partition=[result])
    transaction = wire.AddPartitionsToTxnResult(transactional_id=ID, topic_results=[topic])
    return wire.AddPartitionsToTxnResponse(results_by_transaction=[transaction])


def test_t6_under_tv2_the_write_adds_its_partition() -> None:
    """Nothing refused; the coordinator knows it must send a marker there."""
    broker = Broker()
    assert ask(broker, ORDERS_0, producer=started(broker), adds=True) == [{}]
    assert broker.world.state().partitions == {ORDERS_0}


def test_t6_under_tv1_the_write_is_verified() -> None:
    """Added by the client: fine; not added: TRANSACTION_ABORTABLE [120], [48] for clients too old for it."""
    broker = Broker()
    producer = started(broker)
    broker.world.add(ORDERS_0)
    (errors,) = ask(broker, ORDERS_0, ORDERS_1, producer=producer, adds=False)
    assert errors == {ORDERS_1: ErrorCode.TRANSACTION_ABORTABLE}
    assert for_old_clients(errors) == {ORDERS_1: ErrorCode.INVALID_TXN_STATE}


@pytest.mark.parametrize("adds", [True, False])
def test_t5_a_fenced_producer_hears_invalid_producer_epoch(adds: bool) -> None:
    """On the log [90] is called [47]."""
    broker = Broker()
    old = started(broker)
    broker.world.init()
    assert ask(broker, ORDERS_0, producer=old, adds=adds) == [{ORDERS_0: ErrorCode.INVALID_PRODUCER_EPOCH}]


def test_t6_coordinator_trouble_is_told_as_not_enough_replicas() -> None:
    """[19]: every client retries it, and none goes looking for another leader."""
    broker = Broker()
    producer = started(broker)
    broker.transactions.partition_count = 0
    assert ask(broker, ORDERS_0, producer=producer, adds=True) == [{ORDERS_0: ErrorCode.NOT_ENOUGH_REPLICAS}]


def test_t6_under_tv1_a_transaction_being_ended_is_told_as_not_enough_replicas() -> None:
    """[51] would confuse a client that added its partitions long ago."""
    broker = Broker()
    broker.world.begun()
    broker.world.end(commit=True)
    heard = ask(broker, ORDERS_0, producer=broker.world.state().identity, adds=False)
    assert heard == [{ORDERS_0: ErrorCode.NOT_ENOUGH_REPLICAS}]


def test_t6_under_tv2_the_next_transaction_waits_for_the_end_of_the_one_before() -> None:
    """Up to 100 ms, then CONCURRENT_TRANSACTIONS [51] as it is."""
    broker = Broker()
    broker.world.begun()
    broker.world.end(commit=True)
    producer = broker.world.state().identity
    patient = ask(broker, ORDERS_0, producer=producer, adds=True)
    broker.advance(RETRY_AT_MOST_MS - 1)
    assert patient == []
    broker.advance(RETRY_AT_MOST_MS)
    assert patient == [{ORDERS_0: ErrorCode.CONCURRENT_TRANSACTIONS}]
    lucky = ask(broker, ORDERS_0, producer=producer, adds=True)
    broker.world.finish_markers()
    assert lucky == [{}]


def test_t6_a_guard_lost_to_the_marker_before_is_asked_for_again() -> None:
    """The marker of the transaction before arrives while the next one's first write is verified."""
    broker = Broker()
    broker.world.begun()
    broker.world.end(commit=True)
    heard = ask(broker, ORDERS_0, producer=broker.world.state().identity, adds=True)
    broker.partitions[ORDERS_0].verifications.end(1_000)
    broker.world.finish_markers()
    assert heard == [{}]


def test_t6_a_guard_lost_in_a_long_wait_is_asked_for_once_more() -> None:
    """The coordinator's yes came with the last marker, after all the time there was: the next one needs no waiting. A
    guard that is lost again is the end."""
    broker = Broker(coordinator=2)
    heard = ask(broker, ORDERS_0, producer=ProducerIdAndEpoch(7, 0), adds=True)
    broker.partitions[ORDERS_0].verifications.end(7)
    broker.calls.pop().on_reply(reply(ErrorCode.NONE), later(RETRY_AT_MOST_MS))
    assert heard == []
    again = broker.calls.pop()
    again.on_reply(reply(ErrorCode.NONE), later(RETRY_AT_MOST_MS))
    assert heard == [{}]

    unlucky = ask(broker, ORDERS_0, producer=ProducerIdAndEpoch(7, 0), adds=True)
    for _ in range(2):
        broker.partitions[ORDERS_0].verifications.end(7)
        broker.calls.pop().on_reply(reply(ErrorCode.NONE), later(RETRY_AT_MOST_MS))
    assert unlucky == [{ORDERS_0: ErrorCode.INVALID_TXN_STATE}]


def test_t6_an_append_overtaken_by_its_own_end_is_refused() -> None:
    """The guard is gone and stays gone: after the marker the write would hang for ever (T14)."""
    broker = Broker(coordinator=2)
    producer = ProducerIdAndEpoch(7, 0)
    heard = ask(broker, ORDERS_0, producer=producer, adds=False)
    broker.partitions[ORDERS_0].verifications.end(7)
    broker.calls.pop().on_reply(reply(ErrorCode.NONE), later(RETRY_AT_MOST_MS))
    assert heard == [{ORDERS_0: ErrorCode.INVALID_TXN_STATE}]


def test_t6_a_transaction_begun_meanwhile_needs_no_guard() -> None:
    """Another write of the same transaction was first."""
    broker = Broker(coordinator=2)
    heard = ask(broker, ORDERS_0, producer=ProducerIdAndEpoch(7, 0), adds=True)
    broker.partitions[ORDERS_0].verifications.end(7)
    broker.partitions[ORDERS_0].open.add((7, 0))
    broker.calls.pop().on_reply(reply(ErrorCode.NONE), later(RETRY_AT_MOST_MS))
    assert heard == [{}]


def test_t6_another_broker_is_asked_with_add_partitions_v5() -> None:
    """`verify_only` unless the write adds; [51] is asked again after 20 ms, 100 ms long."""
    broker = Broker(coordinator=2)
    heard = ask(broker, ORDERS_0, producer=ProducerIdAndEpoch(7, 0), adds=True)
    for attempt in range(5):
        call = broker.calls.pop()
        (transaction,) = call.body.transactions
        assert (call.peer, call.version, transaction.verify_only) == (2, 5, False)
        call.on_reply(reply(ErrorCode.CONCURRENT_TRANSACTIONS), later(attempt * RETRY_MS))
        assert heard == []
        broker.advance((attempt + 1) * RETRY_MS)
    broker.calls.pop().on_reply(reply(ErrorCode.CONCURRENT_TRANSACTIONS), later(RETRY_AT_MOST_MS))
    assert heard == [{ORDERS_0: ErrorCode.CONCURRENT_TRANSACTIONS}]


def test_t6_a_lost_connection_to_the_coordinator_is_retriable() -> None:
    """[19]: adding twice does no harm."""
    broker = Broker(coordinator=2)
    heard = ask(broker, ORDERS_0, producer=ProducerIdAndEpoch(7, 0), adds=True)
    broker.calls.pop().on_lost("gone", START)
    assert heard == [{ORDERS_0: ErrorCode.NOT_ENOUGH_REPLICAS}]


def test_t6_how_often_and_how_long_the_broker_asks_again_are_settings() -> None:
    """`add.partitions.to.txn.retry.backoff.ms`, up to `.max.ms`, and never longer than `request.timeout.ms`."""
    broker = Broker(coordinator=1)
    broker.settings.add_partitions_to_txn_retry_backoff_ms = 50
    broker.settings.add_partitions_to_txn_retry_backoff_max_ms = 10_000
    broker.settings.request_timeout_ms = 120
    heard = ask(broker, ORDERS_0, producer=ProducerIdAndEpoch(7, 0), adds=True)
    for at_ms in (0, 50):
        broker.calls.pop().on_reply(reply(ErrorCode.CONCURRENT_TRANSACTIONS), later(at_ms))
        broker.advance(at_ms + 49)
        assert (broker.calls, heard) == ([], [])
        broker.advance(at_ms + 50)
    broker.calls.pop().on_reply(reply(ErrorCode.CONCURRENT_TRANSACTIONS), later(100))
    assert heard == [{ORDERS_0: ErrorCode.CONCURRENT_TRANSACTIONS}]


def test_t6_the_trace_says_who_was_asked_and_what_came_of_it() -> None:
    """T14 is told when a marker overtook the question: that write would have hung for ever."""
    broker = Broker(coordinator=1)
    broker.trace = Trace(on=True)
    ask(broker, ORDERS_0, producer=ProducerIdAndEpoch(7, 0), adds=False)
    broker.partitions[ORDERS_0].verifications.end(7)
    broker.calls.pop().on_reply(reply(ErrorCode.NONE), later(RETRY_AT_MOST_MS))
    told = [(event.kind, event.rule, event.facts["what"]) for event in broker.trace.take()]
    assert told == [
        ("verification", "T6", "asked"),
        ("verification", "T6", "answered"),
        ("verification", "T14", "guard lost"),
    ]
