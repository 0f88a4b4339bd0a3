"""Broker time over HTTP, in thread and in process mode."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from confluent_kafka import Producer
from minikafka import Cluster

from tests.unit.admin.http import Http


@pytest.fixture(autouse=True)
def _time_goes_on(ask: Http) -> Iterator[None]:
    yield
    ask.post("/v1/clock", {"freeze": False})


def test_time_stands_still_and_moves_when_told(ask: Http) -> None:
    """By what was asked for, no more."""
    frozen = ask.post("/v1/clock", {"freeze": True})
    assert frozen["is_frozen"]
    later = ask.post("/v1/clock", {"seconds": 3600, "ms": 5})
    assert later["monotonic_ms"] - frozen["monotonic_ms"] == 3_600_005
    assert ask.get("/v1/clock")["monotonic_ms"] == later["monotonic_ms"]
    assert not ask.post("/v1/clock", {"freeze": False})["is_frozen"]


def test_an_open_transaction_is_aborted_by_the_clock(kafka: Cluster, ask: Http) -> None:
    """After its timeout of a minute, in milliseconds; found by its event."""
    settings = {"transactional.id": "clocked", "transaction.timeout.ms": 60_000}
    producer = Producer(kafka.client_config("confluent") | settings)
    producer.init_transactions(20)
    producer.begin_transaction()
    producer.produce("orders", b"never", partition=1)
    assert producer.flush(20) == 0
    ask.post("/v1/clock", {"seconds": 55})
    assert ask.get("/v1/transactions/clocked")["state"] == "Ongoing"
    turned = ask.post("/v1/clock", {"run_to_next": "transaction", "within": 120})
    assert "transaction" in {event["kind"] for event in turned["events"]}
    ask.post("/v1/wait", {"topic": "orders", "partition": 1, "last_stable_offset": 2, "timeout": 20})


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({"seconds": -1}, "at least 0"),
        ({"seconds": 1, "run_to_next": True}, "goes with neither"),
        ({"run_to_next": "transactoin"}, "did you mean transaction"),
    ],
)
def test_time_that_cannot_be_meant(ask: Http, body: dict[str, object], says: str) -> None:
    """422, what and why."""
    refused = ask("POST", "/v1/clock", body)
    assert (refused.status, says in refused.why) == (422, True), refused.text
