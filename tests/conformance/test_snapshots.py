"""`kafka.snapshot`, `kafka.restore`, `kafka.reset`: clients that live through them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from confluent_kafka import Consumer, KafkaError, Producer, TopicPartition
from minikafka import Cluster, MinikafkaError

pytestmark = pytest.mark.usefixtures("on_minikafka")
SECONDS = 30


@pytest.fixture(params=["thread", "process"])
def kafka(request: pytest.FixtureRequest) -> Iterator[Cluster]:
    with Cluster(brokers=3, mode=request.param, topics=["t:2:3"]) as cluster:
        yield cluster


@pytest.fixture
def sender(kafka: Cluster) -> Producer:
    return Producer({**kafka.client_config("confluent"), "linger.ms": 0, "log_level": 0, "acks": "all"})


@pytest.fixture
def reader(kafka: Cluster) -> Iterator[Consumer]:
    """Reads partition 0 from its start, and starts over when its place is gone."""
    consumer = Consumer(
        {
            **kafka.client_config("confluent"),
            "group.id": "g",
            "auto.offset.reset": "earliest",
            "log_level": 0,
            "enable.auto.commit": False,
        }
    )
    consumer.assign([TopicPartition("t", 0, 0)])
    yield consumer
    consumer.close()


def send(sender: Producer, *values: str, partition: int = 0) -> None:
    """Each is acknowledged, or this fails."""
    errors: list[KafkaError] = []
    for value in values:
        sender.produce(
            "t",
            value,
            partition=partition,
            on_delivery=lambda error, _: errors.append(error) if error else None,
        )
    assert sender.flush(SECONDS) == 0
    assert errors == []


def read_until(reader: Consumer, last: str) -> list[str]:
    """Everything up to the value `last`."""
    values: list[str] = []
    while not values or values[-1] != last:
        message = reader.poll(SECONDS)
        assert message is not None, f"nothing after {values}"
        if message.error() is None:
            values.append(message.value().decode())
    return values


def test_one_producer_and_one_consumer_go_on_across_restores(
    kafka: Cluster, sender: Producer, reader: Consumer
) -> None:
    """The same client objects, twice: what was written after the snapshot is gone, what was before is there, and what
    is written then follows it."""
    send(sender, "before")
    assert read_until(reader, "before") == ["before"]
    saved = kafka.snapshot()
    partition = kafka.topic("t").partition(0)
    epoch = partition.leader_epoch
    for round_ in ("one", "two"):
        send(sender, f"lost {round_} a", f"lost {round_} b", f"lost {round_} c")
        read_until(reader, f"lost {round_} c")
        kafka.restore(saved)
        assert (partition.log_end_offset, partition.high_watermark) == (1, 1)
        assert partition.isr == [1, 2, 3]
        assert partition.leader_epoch > epoch
        epoch = partition.leader_epoch
        send(sender, f"after {round_}")
        assert read_until(reader, f"after {round_}")[-1] == f"after {round_}"
        assert partition.log_end_offset == 2
    verdict = kafka.verdict()
    verdict.assert_no_acked_loss()


def test_offsets_and_topics_are_as_they_were(kafka: Cluster, sender: Producer) -> None:
    """Committed offsets, a deleted topic, one made since, and a broker that was dead when the snapshot was taken."""
    send(sender, "a", "b")
    committer = Consumer({**kafka.client_config("confluent"), "group.id": "g", "log_level": 0})
    committer.commit(offsets=[TopicPartition("t", 0, 1)], asynchronous=False)
    kafka.broker(3).kill()
    kafka.wait(topic="t", partition=0, isr=[1, 2], timeout=SECONDS)
    saved = kafka.snapshot()
    kafka.broker(3).start()
    kafka.wait(topic="t", partition=0, isr=[1, 2, 3], timeout=SECONDS)
    committer.commit(offsets=[TopicPartition("t", 0, 2)], asynchronous=False)
    kafka.topic("since", partitions=1)
    kafka.restore(saved)
    assert kafka.broker(3).state == "stopped"
    assert kafka.group("g").committed("t", 0) == 1
    assert kafka.topic("t").partition(0).isr == [1, 2]
    assert committer.committed([TopicPartition("t", 0)], timeout=SECONDS)[0].offset == 1
    assert set(committer.list_topics(timeout=SECONDS).topics) - {"__consumer_offsets"} == {"t"}
    committer.close()


def test_producer_ids_are_never_given_out_twice(kafka: Cluster) -> None:
    """I11, across a restore: a client that lives on must not share its id with a new one."""

    def new_id() -> int:
        one = Producer(
            {**kafka.client_config("confluent"), "enable.idempotence": True, "linger.ms": 0, "log_level": 0}
        )
        send(one, "v", partition=1)
        return max(row.producer_id for row in kafka.producers("t", 1))

    saved = kafka.snapshot()
    first = new_id()
    kafka.restore(saved)
    assert new_id() > first


def test_a_snapshot_belongs_to_its_cluster(kafka: Cluster) -> None:
    """Another one's is refused, and nothing happens."""
    saved = kafka.snapshot()._replace(number=77)
    with pytest.raises(MinikafkaError, match="snapshot 77 was not taken of this cluster"):
        kafka.restore(saved)
    assert kafka.topic("t").partition(0).leader_epoch == 0


def test_reset_is_the_cluster_as_it_started(kafka: Cluster, sender: Producer) -> None:
    """Its topics, empty; and the same producer goes on."""
    send(sender, "a")
    kafka.topic("other", partitions=1)
    kafka.isolate(2)
    kafka.reset()
    partition = kafka.topic("t").partition(0)
    assert (partition.log_end_offset, partition.isr) == (0, [1, 2, 3])
    assert kafka.group("g").state == "Dead"
    send(sender, "b")
    assert partition.high_watermark == 1
