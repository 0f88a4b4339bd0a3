"""`kafka.clock` with real clients: what takes a minute, an hour or a week of broker time, in a moment.

Each test would wait for minutes, or see nothing happen, if the clock did nothing: the settings are Kafka's, but for
those a line says otherwise of.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest
from confluent_kafka import Consumer, KafkaError, KafkaException, Producer, TopicPartition
from minikafka import Cluster, ConfigError, WaitTimeout

pytestmark = pytest.mark.usefixtures("on_minikafka")
MODES = ["thread", "process"]
SECONDS = 20
A_WEEK_S = 7 * 24 * 3600


@pytest.fixture(params=MODES)
def kafka(request: pytest.FixtureRequest) -> Iterator[Cluster]:
    with Cluster(brokers=3, mode=request.param, topics=["t:1:3"]) as cluster:
        yield cluster


def producer(kafka: Cluster, **settings: object) -> Producer:
    named = {name.replace("_", "."): value for name, value in settings.items()}
    return Producer({**kafka.client_config("confluent"), "linger.ms": 0, "log_level": 0, **named})


def send(sender: Producer, *values: str) -> None:
    """Each is acknowledged, or this fails."""
    errors: list[KafkaError] = []
    for value in values:
        sender.produce("t", value, on_delivery=lambda error, _: errors.append(error) if error else None)
    assert sender.flush(SECONDS) == 0
    assert errors == []


def member(kafka: Cluster, group: str, **settings: object) -> Consumer:
    named = {name.replace("_", "."): value for name, value in settings.items()}
    consumer = Consumer(
        {
            **kafka.client_config("confluent"),
            "group.id": group,
            "auto.offset.reset": "earliest",
            "log_level": 0,
            **named,
        }
    )
    consumer.subscribe(["t"])
    return consumer


def read(consumer: Consumer, count: int) -> list[str]:
    values: list[str] = []
    while len(values) < count:
        message = consumer.poll(SECONDS)
        assert message is not None
        assert message.error() is None
        values.append(message.value().decode())
    return values


def test_r12_the_session_of_a_dead_broker_ends_and_the_others_keep_theirs(kafka: Cluster) -> None:
    """A minute: the dead leader is replaced, nobody else is missed, and the client goes on with the new one."""
    sender = producer(kafka)
    send(sender, "before")
    partition = kafka.topic("t").partition(0)
    dead = partition.leader
    kafka.clock.freeze()
    kafka.broker(dead).kill()
    kafka.clock.advance(seconds=60)
    assert (partition.leader_epoch, partition.isr) == (1, sorted({1, 2, 3} - {dead}))
    send(sender, "after")
    assert kafka.topic("t").partition(0).log_end_offset == 2


def test_r8_a_follower_that_is_cut_off_falls_out_of_the_isr(kafka: Cluster) -> None:
    """It keeps its session with the controller, so only its silence towards the leader counts; a producer that waits
    for it is answered at that moment."""
    partition = kafka.topic("t").partition(0)
    follower = next(one for one in partition.replicas if one != partition.leader)
    kafka.clock.freeze()
    kafka.cut(partition.leader, follower)
    sender = producer(kafka, acks="all")
    answered = threading.Event()
    sender.produce("t", "v", on_delivery=lambda error, _: error or answered.set())
    kafka.wait(topic="t", log_end_offset=1)
    assert (sender.poll(0), answered.is_set()) == (0, False)
    happened = kafka.clock.run_to_next("isr")
    assert any(event.get("what") == "proposed" for event in happened)
    kafka.wait(topic="t", isr=sorted({1, 2, 3} - {follower}))
    assert sender.flush(SECONDS) == 0
    assert answered.is_set()


@pytest.mark.parametrize("protocol", ["classic", "consumer"])
def test_g6_members_that_are_gone_lose_their_place_and_members_that_are_connected_keep_theirs(
    kafka: Cluster, protocol: str
) -> None:
    """Ten minutes, at a session timeout of 45 s. A static member does not leave when it is closed; a minute later its
    session is over. A member whose connection is open had no time to send a heartbeat, and keeps its place."""
    send(producer(kafka), "a")
    gone = member(kafka, "g", group_instance_id="one", group_protocol=protocol)
    read(gone, 1)
    gone.close()
    assert [one.instance_id for one in kafka.group("g").members()] == ["one"]
    kafka.clock.advance(seconds=600)
    assert kafka.group("g").members() == []
    lives = member(kafka, "lives", group_protocol=protocol)
    read(lives, 1)
    before = kafka.group("lives").members()
    kafka.clock.advance(seconds=600)
    assert kafka.group("lives").members() == before
    kafka.clock.advance(seconds=600, expire_live=True)
    assert kafka.group("lives").members() == []
    lives.close()


def test_g3_the_first_rebalance_waits_by_broker_time() -> None:
    """Kafka's three seconds of `group.initial.rebalance.delay.ms`, which a frozen clock never reaches."""
    with Cluster(topics=["t"], config={"group.initial.rebalance.delay.ms": 3000}) as kafka:
        send(producer(kafka), "a")
        kafka.clock.freeze()
        waits = member(kafka, "g")
        reading = threading.Thread(target=read, args=(waits, 1))
        reading.start()
        with pytest.raises(WaitTimeout, match="PreparingRebalance"):
            kafka.group("g").wait_for_assignment(timeout=0.5)
        began = time.monotonic()
        kafka.clock.advance(seconds=3)
        kafka.group("g").wait_for_assignment()
        assert time.monotonic() - began < 2
        reading.join(SECONDS)
        assert not reading.is_alive()
        waits.close()


def test_t13_a_transaction_times_out_and_its_producer_is_fenced(kafka: Cluster) -> None:
    """A minute, Kafka's default: aborted, the last stable offset moves on, the producer hears that it is late."""
    late = producer(kafka, transactional_id="tx")
    late.init_transactions(SECONDS)
    late.begin_transaction()
    send(late, "never committed")
    partition = kafka.topic("t").partition(0)
    assert (partition.high_watermark, partition.last_stable_offset) == (1, 0)
    kafka.clock.advance(seconds=59)
    assert partition.last_stable_offset == 0
    kafka.clock.advance(seconds=2)
    kafka.wait(topic="t", last_stable_offset=2)
    with pytest.raises(KafkaException) as fenced:
        late.commit_transaction(SECONDS)
    assert fenced.value.args[0].txn_requires_abort() or fenced.value.args[0].fatal()


def test_l13_a_week_old_segment_is_deleted(kafka: Cluster) -> None:
    """`retention.ms` by the record's own timestamp, looked at every five minutes of broker time."""
    send(producer(kafka), "old")
    kafka.clock.advance(seconds=A_WEEK_S - 600)
    assert kafka.topic("t").partition(0).log_start_offset == 0
    kafka.clock.advance(seconds=1200)
    assert kafka.topic("t").partition(0).log_start_offset == 1
    consumer = member(kafka, "late")
    assert consumer.get_watermark_offsets(TopicPartition("t", 0), SECONDS, cached=False) == (1, 1)
    consumer.close()


def test_i10_an_idle_producer_is_forgotten_after_a_day(kafka: Cluster) -> None:
    """`producer.id.expiration.ms`; the producer itself cannot tell, and goes on (I5)."""
    sender = producer(kafka, enable_idempotence=True)
    send(sender, "a")
    assert len(kafka.producers("t", 0)) == 1
    kafka.clock.advance(seconds=23 * 3600)
    assert len(kafka.producers("t", 0)) == 1
    kafka.clock.advance(seconds=3600 + 600)
    assert kafka.producers("t", 0) == []
    send(sender, "b")


def test_f4_a_client_that_waits_is_not_frozen(kafka: Cluster) -> None:
    """A fetch without data is answered after its half second although broker time stands still, and a consumer that
    polls meanwhile gets what is produced then."""
    kafka.clock.freeze()
    before = kafka.clock.now
    consumer = Consumer({**kafka.client_config("confluent"), "group.id": "none", "fetch.wait.max.ms": 500})
    consumer.assign([TopicPartition("t", 0, 0)])
    assert consumer.poll(1.2) is None
    send(producer(kafka), "a")
    assert read(consumer, 1) == ["a"]
    consumer.close()
    after = kafka.clock.now
    assert (after.monotonic_ms, after.wall_ms) == (before.monotonic_ms, before.wall_ms)
    kafka.clock.resume()


def test_mistakes_are_told(kafka: Cluster) -> None:
    """Time does not go back, and an event has a kind that exists."""
    with pytest.raises(ConfigError, match="only moves forward"):
        kafka.clock.advance(seconds=-1)
    with pytest.raises(ConfigError, match="did you mean 'election'"):
        kafka.clock.run_to_next("elections")
    with pytest.raises(WaitTimeout, match="no truncate within 5 s"):
        kafka.clock.run_to_next("truncate", within=5)
