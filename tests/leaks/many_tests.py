"""Two hundred tests in no order, for test_shuffled.py: on the worker's cluster and on clusters of their own."""

from __future__ import annotations

import pytest
from confluent_kafka import Consumer, Producer
from minikafka import Cluster
from minikafka.pytest_plugin.kafka import Kafka

CALM, FAULTY, TRANSACTIONAL, BREAKING, OWN = range(110), range(40), range(20), range(15), range(15)
COUNT = sum(map(len, (CALM, FAULTY, TRANSACTIONAL, BREAKING, OWN)))


def send(kafka: Cluster, topic: str, **settings: object) -> None:
    named = {name.replace("_", "."): value for name, value in settings.items()}
    producer = Producer({**kafka.client_config("confluent"), "acks": "all", "log_level": 0, **named})
    producer.produce(topic, b"x", partition=0)
    assert producer.flush(30) == 0


@pytest.mark.parametrize("n", CALM)
def test_one_record_there_and_back(minikafka: Kafka, n: int) -> None:
    """Only this test's."""
    orders = minikafka.topic("orders", partitions=1)
    send(minikafka, orders.name)
    settings = {"group.id": minikafka.group_id(), "auto.offset.reset": "earliest", "log_level": 0}
    consumer = Consumer({**minikafka.client_config("confluent"), **settings})
    consumer.subscribe([orders.name])
    message = consumer.poll(30)
    consumer.close()
    assert message is not None
    assert (message.value(), message.offset()) == (b"x", 0)
    assert orders.partition(0).log_end_offset == 1


@pytest.mark.parametrize("n", FAULTY)
def test_a_lost_answer(minikafka: Kafka, n: int) -> None:
    """Strikes this test's request and no other's."""
    orders = minikafka.topic("orders", partitions=1)
    with minikafka.faults.drop_response(api="Produce", times=1) as fault:
        send(minikafka, orders.name, enable_idempotence=True)
    assert fault.fired == 1
    assert orders.partition(0).log_end_offset == 1


@pytest.mark.parametrize("n", TRANSACTIONAL)
def test_a_transaction(minikafka: Kafka, n: int) -> None:
    """Committed: the record and its marker."""
    orders = minikafka.topic("orders", partitions=1)
    settings = {"transactional.id": minikafka.transactional_id(), "log_level": 0}
    producer = Producer({**minikafka.client_config("confluent"), **settings})
    producer.init_transactions(30)
    producer.begin_transaction()
    producer.produce(orders.name, b"x", partition=0)
    producer.commit_transaction(30)
    minikafka.wait(topic="orders", last_stable_offset=2)


@pytest.mark.parametrize("n", BREAKING)
def test_break_the_cluster_that_others_share(minikafka: Kafka, n: int) -> None:
    """The next test finds it whole."""
    minikafka.topic("orders", partitions=1)
    minikafka.faults.error(api="Metadata", code="UNKNOWN_SERVER_ERROR")
    (minikafka.broker(1).kill, minikafka.broker(1).pause, minikafka.controller.kill)[n % 3]()


@pytest.mark.parametrize("n", OWN)
@pytest.mark.minikafka(brokers=3, topics=["orders:1:3"])
def test_kill_the_leader(minikafka_cluster: Cluster, n: int) -> None:
    """On a cluster of the test's own, under the literal name."""
    send(minikafka_cluster, "orders")
    orders = minikafka_cluster.topic("orders").partition(0)
    minikafka_cluster.broker(orders.leader).kill()
    minikafka_cluster.wait(topic="orders", leader_epoch=1, high_watermark=1, timeout=30)
    minikafka_cluster.verdict().assert_no_acked_loss()
