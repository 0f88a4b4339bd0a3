"""Every fault on requests and replies, as confluent-kafka meets it. Each test fails if the fault does nothing."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from confluent_kafka import Consumer, KafkaError, KafkaException, Producer, TopicPartition
from minikafka import Cluster

from tests.conformance.faulty import Sender, log_end

pytestmark = pytest.mark.usefixtures("on_minikafka")


in_both_modes = pytest.mark.parametrize("cluster", ["thread", "process"], indirect=True)
"""What goes on when a rule is healed, in another process too; `tests/unit/testing/test_processes.py` counts there."""


@pytest.fixture(scope="module")
def cluster(request: pytest.FixtureRequest) -> Iterator[Cluster]:
    with Cluster(mode=getattr(request, "param", "thread")) as running:
        yield running


@pytest.fixture
def kafka(cluster: Cluster, request: pytest.FixtureRequest) -> Iterator[Cluster]:
    """A topic of the test's own, and no faults left behind."""
    cluster.topic(request.node.originalname, partitions=1)
    yield cluster
    cluster.faults.heal()


@pytest.fixture
def topic(kafka: Cluster, request: pytest.FixtureRequest) -> str:
    name: str = request.node.originalname
    return name


def test_error_is_what_the_client_hears(kafka: Cluster, topic: str) -> None:
    """The second request is refused with an error that no producer retries; the others are not."""
    sender = Sender(kafka, topic)
    with kafka.faults.error(api="Produce", code="INVALID_RECORD", topic=topic, nth=2) as fault:
        outcomes = [sender.sent() for _ in range(3)]
    fault.assert_fired(times=1)
    assert (outcomes[0], outcomes[2], log_end(kafka, topic)) == (0, 1, 2)
    assert isinstance(outcomes[1], KafkaError)
    assert outcomes[1].code() == KafkaError.INVALID_RECORD


def test_close_costs_a_retry_and_no_copy(kafka: Cluster, topic: str) -> None:
    """The request was not carried out, so even a producer without idempotence leaves one copy."""
    with kafka.faults.close(api="Produce", topic=topic, times=1) as fault:
        assert Sender(kafka, topic, enable_idempotence=False).sent() == 0
    fault.assert_fired(times=1)
    assert log_end(kafka, topic) == 1


def test_drop_request_loses_it_before_it_was_carried_out(kafka: Cluster, topic: str) -> None:
    """The producer gives up, and nothing is in the log: the third outcome that is a loss."""
    with kafka.faults.drop_request(api="Produce", topic=topic) as fault:
        outcome = Sender(kafka, topic, message_timeout_ms=300).sent()
    fault.assert_fired()
    assert isinstance(outcome, KafkaError)
    assert outcome.code() == KafkaError._MSG_TIMED_OUT
    assert log_end(kafka, topic) == 0


def test_drop_response_loses_it_after_it_was_carried_out(kafka: Cluster, topic: str) -> None:
    """A copy without idempotence, none with it."""
    for idempotent, copies in ((False, 2), (True, 1)):
        before = log_end(kafka, topic)
        with kafka.faults.drop_response(api="Produce", topic=topic, times=1) as fault:
            Sender(kafka, topic, enable_idempotence=idempotent).sent()
        fault.assert_fired(times=1)
        assert log_end(kafka, topic) - before == copies


def test_drop_response_with_hold_leaves_the_producer_waiting(kafka: Cluster, topic: str) -> None:
    """The third outcome that is none: the record is there, and its producer was told it timed out."""
    with kafka.faults.drop_response(api="Produce", topic=topic, hold=True) as fault:
        outcome = Sender(kafka, topic, message_timeout_ms=300).sent()
    fault.assert_fired(times=1)
    assert isinstance(outcome, KafkaError)
    assert log_end(kafka, topic) == 1


@in_both_modes
def test_hold_keeps_a_reply_until_it_is_healed(kafka: Cluster, topic: str) -> None:
    """The record is in the log and its producer does not know, for exactly as long as the test wants."""
    sender = Sender(kafka, topic)
    with kafka.faults.hold(api="Produce", topic=topic, times=1) as fault:
        sender.send()
        fault.wait_fired()
        assert (log_end(kafka, topic), len(sender.producer)) == (1, 1)
    assert sender.settle() == [0]


def test_a_held_request_of_a_zombie_arrives_after_it_was_fenced(kafka: Cluster, topic: str) -> None:
    """The delayed packet that epochs exist for: held in the network, it comes when its sender has been replaced."""
    config = {**kafka.client_config("confluent"), "transactional.id": topic, "log_level": 0}
    zombie, successor = Producer(config), Producer(config)
    zombie.init_transactions(20)
    zombie.begin_transaction()
    with kafka.faults.hold(api="Produce", what="request", transactional_id=topic) as fault:
        zombie.produce(topic, b"stale", partition=0)
        zombie.poll(0)
        fault.wait_fired()
        successor.init_transactions(20)
    with pytest.raises(KafkaException) as told:
        zombie.flush(20)
    assert told.value.args[0].code() == KafkaError._FENCED
    # T9: one offset is taken, by the marker that aborted the zombie's transaction when it was fenced.
    assert log_end(kafka, topic) == 1
    kinds = {event.kind for event in kafka.events() if event.topic == topic}
    assert "marker" in kinds


def test_delay_outlasts_the_producers_patience(kafka: Cluster, topic: str) -> None:
    """A delayed reply: the record is there. A delayed request: it is not, yet."""
    for what, there in (("request", 0), ("response", 1)):
        with kafka.faults.delay(api="Produce", topic=topic, ms=60_000, what=what) as fault:  # type: ignore[arg-type]
            outcome = Sender(kafka, topic, message_timeout_ms=300).sent()
        fault.assert_fired(times=1)
        assert isinstance(outcome, KafkaError)
        assert log_end(kafka, topic) == there


@in_both_modes
def test_reorder_lets_another_connection_go_first(kafka: Cluster, topic: str) -> None:
    """Sent first, appended second."""
    first, second = Sender(kafka, topic), Sender(kafka, topic)
    with kafka.faults.reorder(api="Produce", topic=topic, times=1) as fault:
        first.send()
        fault.wait_fired()
        assert log_end(kafka, topic) == 0
        assert second.sent() == 0
        assert first.settle() == [1]


def test_a_rule_about_a_group_strikes_no_other(kafka: Cluster, topic: str) -> None:
    """Matched by group: its commit is refused, another group's of the same partition is not."""
    with kafka.faults.error(
        api="OffsetCommit", code="GROUP_AUTHORIZATION_FAILED", group=f"{topic}-a"
    ) as fault:
        for group, is_struck in (("a", True), ("b", False)):
            consumer = Consumer({**kafka.client_config("confluent"), "group.id": f"{topic}-{group}"})
            offsets = [TopicPartition(topic, 0, 5)]
            if is_struck:
                with pytest.raises(KafkaException) as refused:
                    consumer.commit(offsets=offsets, asynchronous=False)
                assert refused.value.args[0].code() == KafkaError.GROUP_AUTHORIZATION_FAILED
            else:
                consumer.commit(offsets=offsets, asynchronous=False)
            consumer.close()
    fault.assert_fired(times=1)
    assert kafka.group(f"{topic}-b").committed(topic, 0) == 5


def test_the_same_seed_strikes_the_same_requests(kafka: Cluster, topic: str) -> None:
    """Half of them, and no matter when or how fast they come."""
    struck: list[list[bool]] = []
    for _ in range(2):
        sender = Sender(kafka, topic)
        with kafka.faults.error(
            api="Produce", code="INVALID_RECORD", topic=topic, probability=0.5, seed=3
        ) as fault:
            struck.append([isinstance(sender.sent(), KafkaError) for _ in range(12)])
        fault.assert_fired(times=sum(struck[-1]))
    assert struck[0] == struck[1]
    assert 0 < sum(struck[0]) < 12


def test_between_brokers_a_held_fetch_stops_replication() -> None:
    """Followers' fetches are held: the record is appended, and neither acknowledged nor visible until they go on."""
    with Cluster(brokers=2, topics=["t:1:2"], config={"replica.lag.time.max.ms": 30_000}) as kafka:
        sender = Sender(kafka)
        assert sender.sent() == 0
        with kafka.faults.hold(api="Fetch", what="request", topic="t", between_brokers=True) as fault:
            # The fetch that waits for data at the leader was carried out before; the one after it is held.
            sender.send()
            fault.wait_fired()
            sender.send()
            kafka.wait(topic="t", partition=0, log_end_offset=3)
            assert kafka.topic("t").partition(0).high_watermark < 3
        assert sender.settle() == [1, 2]
        assert kafka.topic("t").partition(0).high_watermark == 3
