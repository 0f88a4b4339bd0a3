"""A consumer that says where it stands reads from the replica there (F11, KIP-392)."""

from __future__ import annotations

import json
from typing import Any

import pytest
from confluent_kafka import Consumer, Producer

pytestmark = pytest.mark.usefixtures("on_minikafka")
SECONDS = 10.0
SELECTOR = "org.apache.kafka.common.replica.RackAwareReplicaSelector"


def fetching_broker(bootstrap_servers: str, rack: str, records: int) -> int:
    """Read `records` records of `orders`, then say to which broker fetches go, by the client's own statistics."""
    preferred: list[int] = []

    def note(text: str) -> None:
        statistics: dict[str, Any] = json.loads(text)
        partition = statistics["topics"].get("orders", {}).get("partitions", {}).get("0")
        if partition is not None:
            preferred.append(partition["broker"])

    consumer = Consumer(
        {
            "bootstrap.servers": bootstrap_servers,
            "group.id": f"readers-{rack}",
            "client.rack": rack,
            "auto.offset.reset": "earliest",
            "statistics.interval.ms": 50,
            "stats_cb": note,
        }
    )
    try:
        consumer.subscribe(["orders"])
        values: list[bytes | None] = []
        while len(values) < records:
            message = consumer.poll(SECONDS)
            assert message is not None, "nothing came"
            assert message.error() is None
            values.append(message.value())
        assert values == [str(number).encode() for number in range(records)]
        preferred.clear()
        while not preferred:
            consumer.poll(0.1)
        return preferred[-1]
    finally:
        consumer.close()


def test_f11_a_consumer_reads_from_the_follower_in_its_rack() -> None:
    """And from the leader when its rack is the leader's, or nobody's."""
    from minikafka import Cluster

    racks = {broker: {"broker.rack": f"rack-{broker}"} for broker in (1, 2, 3)}
    config = {"replica.selector.class": SELECTOR}
    with Cluster(brokers=3, config=config, broker_config=racks) as kafka:
        partition = kafka.topic("orders", partitions=1).partition(0)
        producer = Producer({"bootstrap.servers": kafka.bootstrap_servers})
        for number in range(20):
            producer.produce("orders", str(number).encode())
        producer.flush(SECONDS)
        leader = partition.leader
        follower = next(broker for broker in (1, 2, 3) if broker != leader)
        assert fetching_broker(kafka.bootstrap_servers, f"rack-{follower}", 20) == follower
        assert fetching_broker(kafka.bootstrap_servers, f"rack-{leader}", 20) == leader
        assert fetching_broker(kafka.bootstrap_servers, "elsewhere", 20) == leader
