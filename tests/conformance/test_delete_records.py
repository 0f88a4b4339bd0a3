"""DeleteRecords and retention as clients see them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from aiokafka import AIOKafkaConsumer
from aiokafka import TopicPartition as AioPartition
from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import (
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    ConfigSource,
    ResourceType,
)

if TYPE_CHECKING:
    from minikafka import Cluster

pytestmark = pytest.mark.usefixtures("on_minikafka")
SECONDS = 10


def produce(bootstrap_servers: str, topic: str, count: int, size: int = 10) -> None:
    producer = Producer({"bootstrap.servers": bootstrap_servers, "linger.ms": 0})
    for number in range(count):
        producer.produce(topic, str(number).rjust(size))
        producer.flush(SECONDS)


def delete(bootstrap_servers: str, partition: TopicPartition) -> int:
    """The low watermark answered."""
    admin = AdminClient({"bootstrap.servers": bootstrap_servers})
    answers = admin.delete_records([partition], request_timeout=SECONDS, operation_timeout=SECONDS)
    return int(answers[partition].result(SECONDS).low_watermark)


def earliest_and_latest(bootstrap_servers: str, topic: str) -> tuple[int, int]:
    consumer = Consumer({"bootstrap.servers": bootstrap_servers, "group.id": "watermarks"})
    try:
        found: tuple[int, int] = consumer.get_watermark_offsets(
            TopicPartition(topic, 0), SECONDS, cached=False
        )
        return found
    finally:
        consumer.close()


async def first_value(bootstrap_servers: str, topic: str) -> bytes | None:
    """What a consumer that knows nothing reads first."""
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap_servers, auto_offset_reset="earliest")
    await consumer.start()
    try:
        consumer.assign([AioPartition(topic, 0)])
        return (await asyncio.wait_for(consumer.getone(), SECONDS)).value
    finally:
        await consumer.stop()


def code_of(refused: pytest.ExceptionInfo[KafkaException]) -> int:
    return int(refused.value.args[0].code())


@pytest.mark.parametrize("brokers", [1, 3])
def test_l12_deleted_records_are_gone_on_every_replica_when_the_answer_comes(brokers: int) -> None:
    """Earliest is the offset asked for right after; readers start there; no other replica can bring the rest back."""
    from minikafka import Cluster

    with Cluster(brokers=brokers) as kafka:
        topic = kafka.topic("orders", partitions=1)
        produce(kafka.bootstrap_servers, "orders", 5)
        assert delete(kafka.bootstrap_servers, TopicPartition("orders", 0, 3)) == 3
        replicas = [topic.partition(0).replica(broker) for broker in range(1, brokers + 1)]
        assert [replica.log_start_offset for replica in replicas] == [3] * brokers
        assert earliest_and_latest(kafka.bootstrap_servers, "orders") == (3, 5)
        assert asyncio.run(first_value(kafka.bootstrap_servers, "orders")) == b"3".rjust(10)
        assert delete(kafka.bootstrap_servers, TopicPartition("orders", 0, -1)) == 5
        assert earliest_and_latest(kafka.bootstrap_servers, "orders") == (5, 5)


def test_l12_deletion_is_refused_beyond_the_high_watermark_and_on_compacted_topics() -> None:
    """OFFSET_OUT_OF_RANGE [1], POLICY_VIOLATION [44], INVALID_TOPIC_EXCEPTION [17]."""
    from minikafka import Cluster

    with Cluster() as kafka:
        kafka.topic("orders", partitions=1)
        kafka.topic("table", partitions=1, config={"cleanup.policy": "compact"})
        consumer = Consumer({"bootstrap.servers": kafka.bootstrap_servers, "group.id": "g"})
        consumer.commit(offsets=[TopicPartition("orders", 0, 0)], asynchronous=False)
        consumer.close()
        refusals = []
        for topic, offset in (("orders", 1), ("table", 0), ("__consumer_offsets", 0)):
            with pytest.raises(KafkaException) as refused:
                delete(kafka.bootstrap_servers, TopicPartition(topic, 0, offset))
            refusals.append(code_of(refused))
        assert refusals == [1, 44, 17]


def alter(kafka: Cluster, of: ResourceType, name: str, setting: str, value: int) -> None:
    """IncrementalAlterConfigs of one setting, while everything is in use."""
    entry = ConfigEntry(setting, str(value), incremental_operation=AlterConfigOpType.SET)
    resource = ConfigResource(of, name, incremental_configs=[entry])
    admin = AdminClient({"bootstrap.servers": kafka.bootstrap_servers})
    admin.incremental_alter_configs([resource])[resource].result(SECONDS)


def test_l13_a_topic_altered_to_keep_less_loses_its_oldest_segments() -> None:
    """At the next sweep; the newest records stay, and are what a new reader finds first."""
    from minikafka import Cluster

    with Cluster(brokers=3, config={"log.retention.check.interval.ms": 100}) as kafka:
        kafka.topic("orders", partitions=1, config={"segment.bytes": 2048})
        produce(kafka.bootstrap_servers, "orders", 10, size=1000)
        assert earliest_and_latest(kafka.bootstrap_servers, "orders") == (0, 10)
        alter(kafka, ResourceType.TOPIC, "orders", "retention.bytes", 3000)
        kafka.wait(topic="orders", partition=0, log_start_offset=7)
        earliest, latest = earliest_and_latest(kafka.bootstrap_servers, "orders")
        assert (earliest, latest) == (7, 10)
        value = asyncio.run(first_value(kafka.bootstrap_servers, "orders"))
        assert value == str(earliest).rjust(1000).encode()


def test_a_broker_default_set_at_run_time_reaches_topics_that_do_not_set_it() -> None:
    """KIP-226: `log.retention.bytes` of the broker; DescribeConfigs names where the topic's value comes from."""
    from minikafka import Cluster

    with Cluster(config={"log.retention.check.interval.ms": 100}) as kafka:
        kafka.topic("orders", partitions=1, config={"segment.bytes": 2048})
        kafka.topic("kept", partitions=1, config={"segment.bytes": 2048, "retention.bytes": -1})
        for topic in ("orders", "kept"):
            produce(kafka.bootstrap_servers, topic, 10, size=1000)
        alter(kafka, ResourceType.BROKER, "1", "log.retention.bytes", 3000)
        kafka.wait(topic="orders", partition=0, log_start_offset=7)
        assert earliest_and_latest(kafka.bootstrap_servers, "kept") == (0, 10)
        admin = AdminClient({"bootstrap.servers": kafka.bootstrap_servers})
        resource = ConfigResource(ResourceType.TOPIC, "orders")
        described = admin.describe_configs([resource])[resource].result(SECONDS)["retention.bytes"]
        assert (described.value, described.source) == (
            "3000",
            ConfigSource.DYNAMIC_BROKER_CONFIG.value,
        )
