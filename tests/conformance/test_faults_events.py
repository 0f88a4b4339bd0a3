"""Faults placed by an event, not by the clock: at the append, at the decision to commit, every time."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from confluent_kafka import Producer
from minikafka import Cluster
from minikafka.config import BrokerConfig
from minikafka.errors import ConfigError, VerdictError, WaitTimeout
from minikafka.history import Event

from tests.conformance.faulty import EAGER, Sender

pytestmark = pytest.mark.usefixtures("on_minikafka")

MODES = ("thread", "process")
CONFIG: BrokerConfig = {
    "min.insync.replicas": 2,
    "broker.session.timeout.ms": 1000,
    "broker.heartbeat.interval.ms": 100,
    "replica.lag.time.max.ms": 2000,
}
"""The thread mode's times in both: a dead leader is replaced after a second."""


in_both_modes = pytest.mark.parametrize("cluster", MODES, indirect=True)


@pytest.fixture(scope="module")
def cluster(request: pytest.FixtureRequest) -> Iterator[Cluster]:
    with Cluster(3, mode=getattr(request, "param", "thread"), config=CONFIG) as kafka:
        yield kafka


@pytest.fixture
def three(cluster: Cluster, topic: str) -> Iterator[Cluster]:
    """Three living brokers, a topic of the test's own, and no faults left behind."""
    for broker in cluster.brokers:
        broker.start()
    cluster.topic(topic, partitions=1, replication_factor=3)
    yield cluster
    cluster.faults.heal()
    cluster.heal()


@pytest.fixture
def topic(request: pytest.FixtureRequest) -> str:
    name: str = request.node.originalname
    return name


def told(kafka: Cluster, topic: str, kind: str) -> list[Event]:
    return [event for event in kafka.events() if event.kind == kind and event.topic == topic]


@in_both_modes
def test_the_leader_dies_at_its_append_before_anybody_heard_of_it(three: Cluster, topic: str) -> None:
    """The batch is in the dead leader's log and nowhere else: no follower fetched it, no producer was told. It is cut
    off when the old leader comes back, and the retry is in its place."""
    sender = Sender(three, topic, enable_idempotence=True)
    assert sender.sent() == 0
    leader = three.topic(topic).partition(0).leader
    with three.faults.on_event("append", topic=topic, broker=leader, then="kill") as fault:
        assert sender.sent(b"retried") == 1
    fault.assert_fired(times=1)
    assert three.broker(leader).state == "stopped"
    append, struck = told(three, topic, "append")[-3:], told(three, topic, "fault")
    (fault_event,) = struck
    assert (fault_event.broker, fault_event.get("fault"), fault_event.get("what")) == (
        leader,
        fault.id,
        "kill",
    )
    caused = next(event for event in append if (event.broker, event.n) == (leader, fault_event.cause))
    assert caused.get("base_offset") == 1
    three.broker(leader).start()
    three.wait(topic=topic, partition=0, isr=[1, 2, 3], timeout=20)
    (cut,) = [event for event in told(three, topic, "truncate") if event.broker == leader]
    assert (cut.get("offset"), cut.get("before")) == (1, 2)


def test_power_goes_at_the_append_and_takes_it_along(three: Cluster, topic: str) -> None:
    """As before, but the append was not on disk either: the old leader comes back with nothing to cut off."""
    sender = Sender(three, topic, enable_idempotence=True)
    leader = three.topic(topic).partition(0).leader
    with three.faults.on_event("append", topic=topic, broker=leader, then="power_loss") as fault:
        assert sender.sent() == 0
    fault.assert_fired(times=1)
    three.broker(leader).start()
    three.wait(topic=topic, partition=0, isr=[1, 2, 3], timeout=20)
    assert [event for event in told(three, topic, "truncate") if event.broker == leader] == []
    three.wait(topic=topic, partition=0, high_watermark=1)


@pytest.mark.parametrize("mode", MODES)
def test_the_broker_pauses_at_the_second_append_and_its_producer_hears_once_it_goes_on(mode: str) -> None:
    """`nth`: the first one passes. Nothing that the turn decided leaves while it stands still."""
    with Cluster(mode=mode, topics=["t"]) as kafka:
        sender = Sender(kafka)
        with kafka.faults.on_event("append", topic="t", nth=2, then="pause") as fault:
            assert sender.sent() == 0
            sender.send()
            fault.wait_fired()
            assert (kafka.broker(1).state, len(sender.producer)) == ("paused", 1)
            kafka.broker(1).resume()
            assert sender.settle() == [1]
        assert sender.sent() == 2


@in_both_modes
def test_a_function_runs_at_the_event_while_the_broker_stands_still(three: Cluster, topic: str) -> None:
    """It may use every handle, and wait: here the leader is cut off from the others before they can fetch what it has
    just appended, so the record stays unacknowledged until they are together again."""
    sender = Sender(three, topic)
    leader = three.topic(topic).partition(0).leader
    seen: list[tuple[int | None, list[int]]] = []

    def cut_off(event: Event) -> None:
        three.isolate(leader)
        partition = three.topic(topic).partition(0)
        ends = [partition.replica(broker).log_end_offset for broker in (leader, *({1, 2, 3} - {leader}))]
        seen.append((event.partition, ends))

    with three.faults.on_event("append", topic=topic, broker=leader, then=cut_off) as fault:
        sender.send()
        fault.wait_fired()
        assert seen == [(0, [1, 0, 0])]
        three.wait(topic=topic, partition=0, isr=sorted({1, 2, 3} - {leader}), timeout=20)
        three.heal()
    assert sender.settle() == [0]


def test_the_coordinator_dies_when_it_decided_to_commit(three: Cluster, topic: str) -> None:
    """Struck by what the event says: PREPARE_COMMIT is in its log alone, nobody was told. The next coordinator does not
    find it, so the commit is asked for again, and it holds."""
    config = {**three.client_config("confluent"), **EAGER, "transactional.id": topic}
    producer = Producer(config)
    producer.init_transactions(20)
    producer.begin_transaction()
    producer.produce(topic, b"v", partition=0)
    producer.flush(20)
    facts = {"transactional_id": topic, "to": "PREPARE_COMMIT"}
    with three.faults.on_event("transaction", facts=facts, then="kill") as fault:
        producer.commit_transaction(30)
    fault.assert_fired(times=1)
    three.wait(topic=topic, partition=0, last_stable_offset=2)


def test_what_the_function_raises_is_raised_where_the_fault_is_asked_about() -> None:
    """The broker goes on; the test fails with the function's own error."""
    with Cluster(topics=["t"]) as kafka:

        def fails(event: Event) -> None:
            raise ZeroDivisionError(event.kind)

        fault = kafka.faults.on_event("append", topic="t", then=fails)
        assert Sender(kafka).sent() == 0
        with pytest.raises(ZeroDivisionError, match="append"):
            fault.assert_fired()


def test_a_fault_that_never_fired_says_so() -> None:
    """Another topic's append is none of its business."""
    with Cluster(topics=["t", "u"]) as kafka:
        with kafka.faults.on_event("append", topic="u", then="kill") as fault:
            assert Sender(kafka).sent() == 0
            with pytest.raises(WaitTimeout, match="fired 0 times"):
                fault.wait_fired(timeout=0.05)
            with pytest.raises(VerdictError, match="never fired"):
                fault.assert_fired()
        with pytest.raises(ConfigError, match="no kind of event 'apend'; did you mean append"):
            kafka.faults.on_event("apend", then="kill")
        with pytest.raises(
            ConfigError, match="then is 'kil', and may be kill, power_loss, pause or a function"
        ):
            kafka.faults.on_event("append", then="kil")
