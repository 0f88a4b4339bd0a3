"""The trace of a running cluster: what was acknowledged, and whether the acknowledgement left."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from confluent_kafka import Producer
from minikafka import Cluster


def produce(kafka: Cluster, **config: object) -> None:
    settings = {name.replace("_", "."): value for name, value in config.items()}
    producer = Producer({**kafka.client_config("confluent"), "linger.ms": 0, "log_level": 0, **settings})
    producer.produce("t", b"v", partition=0)
    assert producer.flush(20) == 0


def test_l14_an_answer_that_was_sent_has_left() -> None:
    """`left` names the acknowledgements it brought, each of which names its append."""
    with Cluster(topics=["t:1"]) as kafka:
        produce(kafka)
        events = kafka.events()
        (append,) = (event for event in events if event.kind == "append" and event.topic == "t")
        (ack,) = (event for event in events if event.kind == "ack" and event.topic == "t")
        (left,) = (event for event in events if event.kind == "left")
        assert ack.cause == append.n
        assert left.get("acks") == [ack.n]


def test_l14_an_answer_that_a_fault_discarded_has_not_left() -> None:
    """The first answer is lost with its connection, the retry's answer leaves."""
    with Cluster(topics=["t:1"]) as kafka:
        with kafka.faults.drop_response(api="Produce", times=1):
            produce(kafka, enable_idempotence=True)
        acks = [event.n for event in kafka.events() if event.kind == "ack"]
        told = [n for event in kafka.events() if event.kind == "left" for n in event.facts["acks"]]
        assert len(acks) == 2
        assert told == acks[1:]


def test_events_after_a_seq_are_the_newer_ones() -> None:
    """So a watcher can go on where it was."""
    with Cluster(topics=["t:1"]) as kafka:
        seen = kafka.events()[-1].seq if kafka.events() else 0
        produce(kafka)
        newer = kafka.events(after=seen)
        assert newer
        assert all(event.seq > seen for event in newer)


@pytest.mark.parametrize("mode", ["thread", "process"])
def test_the_trace_is_exported_a_json_object_a_line(mode: str, tmp_path: Path) -> None:
    """In the one schema; every cause that is still there is an earlier event of the same node."""
    path = tmp_path / "trace.jsonl"
    with Cluster(mode=mode, brokers=2, topics=["t:1:2"]) as kafka:
        assert kafka.export_trace(path) == len(path.read_text().splitlines())
    told = [json.loads(line) for line in path.read_text().splitlines()]
    assert [one["seq"] for one in told] == sorted(one["seq"] for one in told)
    assert {one["broker"] for one in told} == {1, 2, 1000}
    known = {(one["broker"], one["n"]) for one in told}
    caused = [one for one in told if "cause" in one]
    assert caused
    assert all((one["broker"], one["cause"]) in known and one["cause"] < one["n"] for one in caused)
    assert [path] == list(tmp_path.iterdir())
