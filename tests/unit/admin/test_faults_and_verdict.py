"""Faults and the verdict over HTTP, with a real client, in thread and in process mode."""

from __future__ import annotations

import pytest
from confluent_kafka import Producer
from minikafka import Cluster

from tests.unit.admin.http import Http


def test_a_lost_acknowledgement_from_another_program(kafka: Cluster, ask: Http) -> None:
    """Set, met by a real producer, counted, told, healed; and the retry is no duplicate."""
    rule = {
        "id": "lost-ack",
        "match": {"api": "produce", "topic": "orders"},
        "when": {"times": 1},
        "then": "drop_response",
    }
    added = ask("POST", "/v1/faults", rule)
    assert (added.status, added.json["match"]["api"], added.json["fired"]) == (201, "Produce", 0)

    producer = Producer(kafka.client_config("confluent") | {"enable.idempotence": True, "linger.ms": 0})
    producer.produce("orders", b"once", partition=0)
    assert producer.flush(30) == 0

    assert ask.get("/v1/faults/lost-ack")["fired"] == 1
    assert [one["id"] for one in ask.get("/v1/faults")] == ["lost-ack"]
    assert ask("DELETE", "/v1/faults/lost-ack").json["fired"] == 1
    assert ask.get("/v1/faults") == []
    verdict = ask.get("/v1/verdict")
    assert verdict["findings"] == []
    assert verdict["acknowledged"] >= 1


def test_a_lost_record_is_in_the_verdict_with_its_events() -> None:
    """acks=1, and the power of the only broker is cut before anything is on disk."""
    with Cluster(topics=["t"], admin=True) as kafka:
        ask = Http(kafka.admin_url)
        producer = Producer(kafka.client_config("confluent") | {"acks": 1, "linger.ms": 0})
        producer.produce("t", b"lost", partition=0)
        assert producer.flush(30) == 0
        ask.post("/v1/brokers/1/power_loss")
        ask.post("/v1/brokers/1/start")
        ask.post("/v1/wait", {"topic": "t", "leader": 1, "timeout": 30})
        (finding,) = ask.get("/v1/verdict?id_header=id")["findings"]
    assert (finding["anomaly"], finding["topic"], finding["first_offset"]) == ("lost", "t", 0)
    assert {"append", "ack", "left"} <= {event["kind"] for event in finding["chain"]}


@pytest.mark.parametrize(
    ("rule", "says"),
    [
        ({"then": "clsoe"}, "must be one of"),
        ({"match": {"api": "Prodce"}, "then": "close"}, "did you mean Produce"),
        ({"then": {"action": "error", "code": "NOT_LEADER"}}, "no error code"),
        ({"match": {"topci": "x"}, "then": "close"}, "did you mean topic"),
        ({"match": {}}, "field 'then' is missing"),
        ({"match": 3, "then": "close"}, "field 'match' is an object, not 3"),
    ],
)
def test_a_fault_that_cannot_be_meant(ask: Http, rule: dict[str, object], says: str) -> None:
    """422, what and why, and the nearest name."""
    refused = ask("POST", "/v1/faults", rule)
    assert (refused.status, says in refused.why) == (422, True), refused.text
    assert ask("GET", "/v1/faults/none").status == 404
