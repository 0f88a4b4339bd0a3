"""Snapshot, restore and reset over HTTP, in thread and in process mode."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from confluent_kafka import Producer
from minikafka import Cluster

from tests.unit.admin.http import Http


@pytest.fixture(scope="module", params=["thread", "process"])
def kafka(request: pytest.FixtureRequest) -> Iterator[Cluster]:
    with Cluster(topics=["t"], admin=True, mode=request.param) as cluster:
        yield cluster


def test_back_to_a_snapshot_and_back_to_the_beginning(kafka: Cluster, ask: Http) -> None:
    """On the same address, by the same admin, with the same long-lived producer."""
    producer = Producer(kafka.client_config("confluent") | {"linger.ms": 0})

    def send(value: bytes) -> None:
        producer.produce("t", value, partition=0)
        assert producer.flush(30) == 0

    def end_offset() -> int:
        return int(ask.get("/v1/topics/t/partitions/0")["offsets"]["log_end_offset"])

    send(b"before")
    taken = ask("POST", "/v1/snapshot")
    assert (taken.status, taken.json["brokers"]) == (201, [1])
    send(b"after")
    assert end_offset() == 2
    back = ask.post("/v1/restore", {"snapshot": taken.json["snapshot"]})
    assert back["bootstrap_servers"] == kafka.bootstrap_servers
    assert end_offset() == 1
    send(b"again")
    assert end_offset() == 2
    assert taken.json in ask.get("/v1/snapshot")
    assert ask.post("/v1/reset")["snapshot"] is None
    assert end_offset() == 0
    assert ask("POST", "/v1/restore", {"snapshot": 99}).why.startswith("there is no snapshot 99; there are 1")
