"""One test file for every broker: what test_same_file.py runs in threads, in processes and against Apache Kafka."""

from __future__ import annotations

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition
from minikafka.pytest_plugin.kafka import Kafka


def send(kafka: Kafka, topic: str, *values: str, **settings: object) -> None:
    """With acks=all; returns when all are acknowledged."""
    named = {name.replace("_", "."): value for name, value in settings.items()}
    producer = Producer({**kafka.client_config("confluent"), "acks": "all", "log_level": 0, **named})
    for value in values:
        producer.produce(topic, value, partition=0)
    assert producer.flush(30) == 0


def read(kafka: Kafka, topic: str, group: str, count: int) -> list[str]:
    """The next `count` records for a group, committed."""
    settings = {"group.id": group, "auto.offset.reset": "earliest", "enable.auto.commit": False}
    consumer = Consumer({**kafka.client_config("confluent"), "log_level": 0, **settings})
    consumer.subscribe([topic])
    found = []
    while len(found) < count:
        message = consumer.poll(30)
        assert message is not None, f"only {found}"
        assert message.error() is None, message.error()
        found.append(message.value().decode())
    consumer.commit(asynchronous=False)
    consumer.close()
    return found


@pytest.mark.minikafka(brokers=1, topics=["orders:1"])
def test_a_group_goes_on_where_it_was(minikafka: Kafka) -> None:
    """Committed offsets outlive the consumer."""
    orders, group = minikafka.topic_name("orders"), minikafka.group_id()
    send(minikafka, orders, "one", "two")
    assert read(minikafka, orders, group, 2) == ["one", "two"]
    send(minikafka, orders, "three")
    assert read(minikafka, orders, group, 1) == ["three"]
    minikafka.wait(topic="orders", high_watermark=3)


@pytest.mark.parametrize("run", [1, 2])
def test_nobody_sees_another_tests_records(minikafka: Kafka, run: int) -> None:
    """The same short name, another topic."""
    topic = minikafka.topic("orders", partitions=1, config={"retention.ms": 3_600_000})
    assert topic.partition(0).high_watermark == 0
    send(minikafka, topic.name, *["x"] * run)
    assert topic.partition(0).high_watermark == run
    assert topic.partition(0).leader in topic.partition(0).isr


def test_an_aborted_transaction_is_hidden(minikafka: Kafka) -> None:
    """The last stable offset moves on when the transaction is over; its records are never delivered."""
    topic = minikafka.topic("orders", partitions=1)
    settings = {"transactional.id": minikafka.transactional_id(), "log_level": 0}
    producer = Producer({**minikafka.client_config("confluent"), **settings})
    producer.init_transactions(30)
    producer.begin_transaction()
    producer.produce(topic.name, "never", partition=0)
    assert producer.flush(30) == 0
    assert topic.partition(0).last_stable_offset == 0
    producer.abort_transaction(30)
    send(minikafka, topic.name, "after")
    minikafka.wait(topic="orders", last_stable_offset=3)  # the record, the marker, the record
    assert read(minikafka, topic.name, minikafka.group_id(), 1) == ["after"]


@pytest.mark.minikafka(config={"min.insync.replicas": 1}, topics=["orders:1:1"])
def test_settings_of_topics_may_come_from_the_marker(minikafka: Kafka) -> None:
    """On a running Kafka they become the topic's own."""
    send(minikafka, minikafka.topic_name("orders"), "x")


def test_a_lost_answer(minikafka: Kafka) -> None:
    """A fault: only our own brokers lose answers when asked to."""
    topic = minikafka.topic("orders", partitions=1)
    with minikafka.faults.drop_response(api="Produce", times=1) as fault:
        send(minikafka, topic.name, "x", enable_idempotence=True)
    assert fault.fired == 1
    assert topic.partition(0).log_end_offset == 1


@pytest.mark.minikafka(brokers=3, topics=["orders:1:3"])
def test_a_killed_leader(minikafka: Kafka) -> None:
    """A lever, and a cluster of three."""
    orders = minikafka.topic("orders").partition(0)
    send(minikafka, orders.topic, "x")
    minikafka.broker(orders.leader).kill()
    minikafka.wait(topic="orders", leader_epoch=1)
    assert read(minikafka, orders.topic, minikafka.group_id(), 1) == ["x"]
    minikafka.verdict().assert_no_acked_loss()


def test_assignment_by_hand(minikafka: Kafka) -> None:
    """Clients need nothing but the address."""
    topic = minikafka.topic("orders", partitions=1)
    send(minikafka, topic.name, "x")
    consumer = Consumer({**minikafka.client_config("confluent"), "group.id": minikafka.group_id()})
    consumer.assign([TopicPartition(topic.name, 0, 0)])
    message = consumer.poll(30)
    consumer.close()
    assert message is not None
    assert message.value() == b"x"
