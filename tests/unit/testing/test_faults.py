"""`kafka.faults` as a handle: rules as values, listed, healed one by one, counted, and told of in the trace."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from minikafka import Cluster
from minikafka.errors import ConfigError, VerdictError
from minikafka.faults.actions import Close
from minikafka.faults.rule import Match, Rule, When
from minikafka.wire.messages.metadata import MetadataRequest

from conformance.raw import ConnectionEnded, RawConnection


@pytest.fixture(params=["thread", "process"])
def kafka(request: pytest.FixtureRequest) -> Iterator[Cluster]:
    with Cluster(topics=["t"], mode=request.param) as cluster:
        yield cluster


def test_faults_are_listed_oldest_first_and_healed_by_id(kafka: Cluster) -> None:
    """By method, by value, and as JSON it is the same kind of thing."""
    made = [
        kafka.faults.error(api="Produce", code="NOT_COORDINATOR", topic="t", times=2),
        kafka.faults.add(Rule(Close(), Match("EndTxn"), When(nth=3), "third")),
        kafka.faults.add({"then": {"action": "delay", "ms": 5}}),
    ]
    assert [fault.as_dict() for fault in kafka.faults.list()] == [fault.as_dict() for fault in made]
    assert made[0].as_dict() == {
        "id": "fault-1",
        "match": {"api": "Produce", "topic": "t"},
        "when": {"times": 2},
        "then": {"action": "error", "code": "NOT_COORDINATOR"},
        "fired": 0,
    }
    kafka.faults.heal("third")
    made[0].heal()
    made[0].heal()
    assert [fault.id for fault in kafka.faults.list()] == ["fault-3"]
    with pytest.raises(ConfigError, match="no fault 'fault-4' in force; did you mean fault-3"):
        kafka.faults.heal("fault-4")
    kafka.faults.heal()
    assert kafka.faults.list() == []


def test_what_fired_is_counted_and_in_the_trace_by_its_id(kafka: Cluster) -> None:
    """One connection closed, by the fault that says so; what never fired can be asserted on."""
    with kafka.faults.close(api="Metadata", id="no metadata", times=1) as fault:
        with pytest.raises(VerdictError, match="never fired"):
            fault.assert_fired()
        with RawConnection(kafka.broker(1).address) as connection, pytest.raises(ConnectionEnded):
            connection.ask(MetadataRequest(), 9)
        with RawConnection(kafka.broker(1).address) as connection:
            connection.ask(MetadataRequest(), 9)
    fault.assert_fired(times=1)
    with pytest.raises(VerdictError, match="fired 1 times, not 2"):
        fault.assert_fired(times=2)
    (told,) = [event for event in kafka.events() if event.kind == "fault"]
    assert (told.get("fault"), told.get("what"), told.get("api"), told.get("fired")) == (
        "no metadata",
        "close",
        "Metadata",
        1,
    )


@pytest.mark.parametrize("mode", ["thread", "process"])
def test_what_is_done_to_nodes_and_links_is_in_the_trace(mode: str) -> None:
    """Told by the node it is done to, or for it when it cannot any more."""
    config = {"broker.session.timeout.ms": 1000}
    with Cluster(2, mode=mode, config=config) as kafka:
        kafka.cut(1, 2)
        kafka.delay(1, "controller", ms=1)
        kafka.heal()
        kafka.broker(2).pause()
        kafka.broker(2).resume()
        kafka.wait(brokers=[1, 2])
        kafka.broker(1).kill()
        kafka.broker(1).start()
        kafka.broker(1).power_loss(seed=7)
        kafka.broker(1).start()
        told = [event for event in kafka.events() if event.kind == "fault"]
    assert [(event.get("what"), event.get("other")) for event in told if event.broker == 1] == [
        ("cut", 2),
        ("delay", 1000),
        ("heal", None),
        ("kill", None),
        ("power_loss", None),
    ]
    assert [(event.get("what"), event.get("other")) for event in told if event.broker == 2] == [
        ("cut", 1),
        ("heal", None),
        ("pause", None),
        ("resume", None),
    ]


def test_what_does_not_fit_is_refused_before_anything_is_in_force(kafka: Cluster) -> None:
    """With the name that was meant."""
    with pytest.raises(ConfigError, match=r"faults.close\(\) has no 'topics'; did you mean topic"):
        kafka.faults.close(api="Produce", topics="t")  # type: ignore[call-arg]
    with pytest.raises(ConfigError, match="did you mean NOT_COORDINATOR"):
        kafka.faults.error(api="Produce", code="NOT_COORDINATR")
    with pytest.raises(ConfigError, match="dropped after='append', not 'reply'"):
        kafka.faults.drop_response(api="Produce", after="reply")
    assert kafka.faults.list() == []
