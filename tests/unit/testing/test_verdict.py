"""`Cluster.verdict()` with a real client."""

from __future__ import annotations

import pytest
from confluent_kafka import Producer
from minikafka import Cluster
from minikafka.errors import VerdictError


def produce(kafka: Cluster, *values: str, **config: object) -> None:
    settings = {name.replace("_", "."): value for name, value in config.items()}
    producer = Producer({**kafka.client_config("confluent"), "linger.ms": 0, "log_level": 0, **settings})
    for value in values:
        producer.produce("orders", value, partition=0)
    assert producer.flush(20) == 0


def test_a_lost_answer_costs_a_copy_without_idempotence_only() -> None:
    """The verdict finds the copy; with idempotence there is none."""
    with Cluster(topics=["orders:1"]) as kafka:
        for idempotent, copies in ((True, 0), (False, 1)):
            with kafka.faults.drop_response(api="Produce", times=1):
                produce(kafka, f"idempotent: {idempotent}", enable_idempotence=idempotent, acks="all")
            found = kafka.verdict()
            found.assert_no_acked_loss()
            assert len(found.duplicated) == copies
        with pytest.raises(VerdictError, match=r"enable\.idempotence=true"):
            kafka.verdict().assert_no_duplicates()


def test_everybody_loses_power_and_the_verdict_says_what_is_gone() -> None:
    """Three replicas acknowledged it in their page caches; with fsync nothing is lost."""
    for durability, lost in (("page-cache", 1), ("fsync", 0)):
        with Cluster(brokers=3, topics=["orders:1:3"], durability=durability) as kafka:
            produce(kafka, "one", acks="all")
            kafka.power_loss()
            for broker in kafka.brokers:
                broker.start()
            kafka.wait(topic="orders", partition=0, isr=[1, 2, 3])
            found = kafka.verdict()
            assert len(found.lost) == lost, durability
            assert found.acknowledged == 1


def test_an_election_that_nobody_has_heard_of_yet_is_waited_for() -> None:
    """The controller has decided, the new leader does not know: a moment later it can be judged."""
    with Cluster(brokers=3, topics=["orders:1:3"]) as kafka:
        produce(kafka, "one", acks="all")
        orders = kafka.topic("orders").partition(0)
        for broker in {1, 2, 3} - {orders.leader}:
            kafka.delay("controller", broker, ms=200)
        kafka.broker(orders.leader).kill()
        kafka.wait(topic="orders", leader_epoch=1)
        found = kafka.verdict()
        assert not found.inconclusive
        found.assert_no_acked_loss()
