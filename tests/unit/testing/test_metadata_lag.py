"""Metadata that lags behind the cluster (R19): what a real client is told, and how it is put right."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from confluent_kafka import Consumer, ElectionType, KafkaError, Message, Producer, TopicPartition
from confluent_kafka.admin import AdminClient
from minikafka import Cluster

SECONDS = 20.0


@pytest.fixture(params=["thread", "process"])
def kafka(request: pytest.FixtureRequest) -> Iterator[Cluster]:
    with Cluster(brokers=2, topics=["t:1:2"], mode=request.param) as cluster:
        yield cluster


def move_leadership(kafka: Cluster) -> tuple[int, int]:
    """To the other replica, and, with all metadata frozen there, back. Returns (preferred, other)."""
    partition = kafka.topic("t").partition(0)
    preferred, other = partition.replicas
    kafka.broker(preferred).stop()
    kafka.wait(topic="t", partition=0, leader=other)
    kafka.broker(preferred).start()
    kafka.wait(topic="t", partition=0, isr=[preferred, other], timeout=SECONDS)
    for broker in kafka.brokers:
        broker.freeze_metadata()
    admin = AdminClient(kafka.client_config("confluent"))
    admin.elect_leaders(ElectionType.PREFERRED, [TopicPartition("t", 0)]).result(SECONDS)
    kafka.wait(topic="t", partition=0, leader=preferred)
    return preferred, other


def told_leader(kafka: Cluster) -> int:
    """As a client that asks for metadata now is told."""
    metadata = AdminClient(kafka.client_config("confluent")).list_topics("t", SECONDS)
    return int(metadata.topics["t"].partitions[0].leader)


def test_r19_frozen_metadata_tells_the_past_until_it_is_thawed(kafka: Cluster) -> None:
    """Every broker names the leader of before; thawed, the one of now."""
    preferred, other = move_leadership(kafka)
    assert told_leader(kafka) == other
    for broker in kafka.brokers:
        broker.thaw_metadata()
    assert told_leader(kafka) == preferred


def test_r19_a_client_is_put_right_by_the_error_and_its_hint(kafka: Cluster) -> None:
    """All metadata names the old leader. It refuses with NOT_LEADER_OR_FOLLOWER [6] and names the new one (KIP-951),
    and the client produces to that one, and reads from it."""
    preferred, _ = move_leadership(kafka)
    outcomes: list[KafkaError | None] = []

    def delivered(error: KafkaError | None, message: Message) -> None:
        outcomes.append(error)

    producer = Producer({**kafka.client_config("confluent"), "linger.ms": 0, "log_level": 0})
    producer.produce("t", b"v", partition=0, on_delivery=delivered)
    assert producer.flush(SECONDS) == 0
    assert outcomes == [None]
    # Nothing is committed: the frozen metadata knows of no coordinator.
    settings = {"group.id": "g", "enable.auto.commit": False, "log_level": 0}
    consumer = Consumer({**kafka.client_config("confluent"), **settings})
    try:
        consumer.assign([TopicPartition("t", 0, 0)])
        message = consumer.poll(SECONDS)
        assert message is not None
        assert message.value() == b"v"
    finally:
        consumer.close()
    assert kafka.topic("t").partition(0).leader == preferred
    assert told_leader(kafka) != preferred
