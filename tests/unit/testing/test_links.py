"""Cut and slow links of a cluster, as a real client meets them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from confluent_kafka import KafkaError, Message, Producer
from minikafka import Cluster
from minikafka.errors import ConfigError

SECONDS = 20.0


@pytest.fixture(params=["thread", "process"])
def kafka(request: pytest.FixtureRequest) -> Iterator[Cluster]:
    with Cluster(brokers=2, topics=["t:1:2"], mode=request.param) as cluster:
        yield cluster


def acknowledged_in_ms(kafka: Cluster, acks: str) -> float:
    """What librdkafka measured from sending one record to its acknowledgement."""
    outcomes: list[tuple[KafkaError | None, float]] = []

    def delivered(error: KafkaError | None, message: Message) -> None:
        outcomes.append((error, (message.latency() or 0.0) * 1_000))

    producer = Producer({**kafka.client_config("confluent"), "linger.ms": 0, "acks": acks, "log_level": 0})
    producer.list_topics("t", SECONDS)
    producer.produce("t", b"v", partition=0, on_delivery=delivered)
    assert producer.flush(SECONDS) == 0
    ((error, took_ms),) = outcomes
    assert error is None
    return took_ms


def test_a_slow_link_between_brokers_delays_acks_all_and_not_acks_one(kafka: Cluster) -> None:
    """acks=all takes a fetch of the follower more: its acknowledgement crosses the slow link (R7)."""
    kafka.delay(1, 2, ms=200)
    assert acknowledged_in_ms(kafka, "all") >= 200
    kafka.heal()
    kafka.delay(1, "clients", ms=150)
    kafka.delay(2, "clients", ms=150)
    assert acknowledged_in_ms(kafka, "1") >= 300


def test_a_client_that_is_cut_off_waits_and_gets_through_once_healed(kafka: Cluster) -> None:
    """The broker lives and leads; only clients do not reach it."""
    leader = kafka.topic("t").partition(0).leader
    outcomes: list[KafkaError | None] = []
    producer = Producer({**kafka.client_config("confluent"), "linger.ms": 0, "log_level": 0})
    producer.list_topics("t", SECONDS)
    kafka.cut(leader, "clients")
    producer.produce("t", b"v", partition=0, on_delivery=lambda error, message: outcomes.append(error))
    producer.flush(0.3)
    assert outcomes == []
    assert kafka.topic("t").partition(0).leader == leader
    kafka.heal()
    assert producer.flush(SECONDS) == 0
    assert outcomes == [None]


def test_a_link_has_two_ends_that_exist(kafka: Cluster) -> None:
    """Anything else is a mistake of the test's."""
    with pytest.raises(ConfigError, match="no node"):
        kafka.cut(1, "everybody")
    with pytest.raises(ConfigError, match="delay"):
        kafka.delay(1, 2, ms=-1)
