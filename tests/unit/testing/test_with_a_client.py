"""Handles and faults, seen with a real client."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from confluent_kafka import Consumer, KafkaError, KafkaException, Message, Producer
from minikafka import Cluster


@pytest.fixture(params=["thread", "process"])
def kafka(request: pytest.FixtureRequest) -> Iterator[Cluster]:
    with Cluster(topics=["t:1"], mode=request.param) as cluster:
        yield cluster


def produce(kafka: Cluster, **config: object) -> int | KafkaError:
    """One record to `t`: the offset it was acknowledged at, or the error."""
    outcomes: list[int | KafkaError] = []

    def delivered(error: KafkaError | None, message: Message) -> None:
        outcomes.append(error or message.offset() or 0)

    settings = {name.replace("_", "."): value for name, value in config.items()}
    producer = Producer({**kafka.client_config("confluent"), "linger.ms": 0, "log_level": 0, **settings})
    producer.produce("t", b"v", partition=0, on_delivery=delivered)
    producer.flush(20)
    (outcome,) = outcomes
    return outcome


def test_a_lost_response_costs_a_copy_without_idempotence_and_nothing_with_it(kafka: Cluster) -> None:
    """The retry is recognised by its sequence, or it is not."""
    for idempotent, copies in ((True, 1), (False, 2)):
        before = kafka.topic("t").partition(0).log_end_offset
        with kafka.faults.drop_response(api="Produce", after="append", times=1) as fault:
            produce(kafka, enable_idempotence=idempotent, acks="all")
            assert fault.fired == 1
        assert kafka.topic("t").partition(0).log_end_offset - before == copies


def test_an_error_fault_is_what_the_client_hears(kafka: Cluster) -> None:
    """A retriable one is retried, a fatal one is reported; healed, all is well."""
    fault = kafka.faults.error(api="Produce", code="NOT_LEADER_OR_FOLLOWER", topic="t", partition=0, times=2)
    assert produce(kafka) == 0
    assert fault.fired == 2
    kafka.faults.error(api="Produce", code="INVALID_RECORD")
    refused = produce(kafka)
    assert isinstance(refused, KafkaError)
    assert refused.code() == KafkaError.INVALID_RECORD
    kafka.faults.heal()
    assert produce(kafka) == 1


def test_a_closed_connection_is_retried(kafka: Cluster) -> None:
    """The request was not carried out, so there is one copy whatever the producer is."""
    with kafka.faults.close(api="Produce", times=1) as fault:
        assert produce(kafka, enable_idempotence=False) == 0
        assert fault.fired == 1
    assert kafka.topic("t").partition(0).log_end_offset == 1


def test_a_delayed_answer_outlasts_the_clients_patience(kafka: Cluster) -> None:
    """The record is there, and the producer was told it timed out: the third outcome."""
    with kafka.faults.delay(api="Produce", ms=5_000, times=1):
        timed_out = produce(kafka, message_timeout_ms=300, enable_idempotence=False)
    assert isinstance(timed_out, KafkaError)
    assert kafka.topic("t").partition(0).log_end_offset == 1


def test_a_group_handle_sees_members_and_commits(kafka: Cluster) -> None:
    """Who is in, and where the group stands."""
    for _ in range(3):
        produce(kafka)
    group = kafka.group("readers")
    assert (group.state, group.members(), group.committed("t", 0)) == ("Dead", [], None)
    consumer = Consumer(
        {**kafka.client_config("confluent"), "group.id": "readers", "auto.offset.reset": "earliest"}
    )
    consumer.subscribe(["t"])
    try:
        assert len(consumer.consume(3, timeout=20)) == 3
        (member,) = group.wait_for_assignment()
        assert member.client_host == "/127.0.0.1"
        consumer.commit(asynchronous=False)
        assert group.committed("t", 0) == 3
    finally:
        consumer.close()
    assert group.state == "Empty"


def test_a_broker_cut_off_from_its_clients_answers_none(kafka: Cluster) -> None:
    """Connections hang rather than fail, and heal by being made anew."""
    kafka.isolate(1, clients=True)
    consumer = Consumer({**kafka.client_config("confluent"), "group.id": "g", "log_level": 0})
    with pytest.raises(KafkaException):
        consumer.list_topics(timeout=0.3)
    kafka.heal()
    assert "t" in consumer.list_topics(timeout=20).topics
    consumer.close()
