"""Every line of the Python interface, as it is promised, over threads and over processes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from confluent_kafka import Consumer, Producer
from minikafka import Cluster

from conformance.clients.programs import Program
from tests.conformance.test_kafka_tools import run as run_kafka_tool

pytestmark = pytest.mark.usefixtures("on_minikafka")
SECONDS = 30
MODES = pytest.mark.parametrize("mode", ["thread", "process"])


@pytest.fixture(scope="module")
def small() -> Iterator[Cluster]:
    """One broker, for clients that only have to find it."""
    with Cluster(topics=["t"]) as cluster:
        yield cluster


def wait_for_everybody(kafka: Cluster) -> None:
    """All three brokers in service, and in the ISR."""
    kafka.wait(brokers=[1, 2, 3], timeout=SECONDS)
    kafka.wait(topic="payments", partition=0, isr=[1, 2, 3], timeout=SECONDS)


def send(kafka: Cluster, *values: str, **settings: object) -> None:
    """Acknowledged, each of them."""
    named = {name.replace("_", "."): value for name, value in settings.items()}
    producer = Producer(
        {**kafka.client_config("confluent"), "linger.ms": 0, "log_level": 0, "acks": "all", **named}
    )
    for value in values:
        producer.produce("payments", value, on_delivery=lambda error, _: _fail(error) if error else None)
    assert producer.flush(SECONDS) == 0


def _fail(error: object) -> None:
    raise AssertionError(error)


@MODES
def test_the_block_of_the_interface(mode: str) -> None:
    """In its order, with what has to be waited for in between."""
    with Cluster(brokers=3, mode=mode, config={"min.insync.replicas": "2"}, topics=["orders:3:3"]) as kafka:
        assert len(kafka.bootstrap_servers.split(",")) == 3
        topic = kafka.topic("payments", partitions=1, replication_factor=3)
        part = topic.partition(0)
        assert (part.leader in (1, 2, 3), part.isr, part.leader_epoch) == (True, [1, 2, 3], 0)
        assert (part.log_start_offset, part.high_watermark) == (0, 0)
        assert (part.last_stable_offset, part.log_end_offset) == (0, 0)
        assert part.replica(2).log_end_offset == 0

        kafka.broker(1).stop()
        kafka.broker(1).kill()
        kafka.broker(1).power_loss(seed=7)
        kafka.broker(1).start()
        wait_for_everybody(kafka)
        kafka.broker(2).pause()
        kafka.broker(2).resume()
        kafka.isolate(1)
        kafka.cut(1, 2)
        kafka.cut(1, "controller")
        kafka.heal()
        kafka.controller.kill()
        kafka.controller.start()
        wait_for_everybody(kafka)
        kafka.power_loss(seed=None)
        assert [broker.state for broker in kafka.brokers] == ["stopped"] * 3
        for broker in kafka.brokers:
            broker.start()
        wait_for_everybody(kafka)

        kafka.set_feature("transaction.version", 1)
        with kafka.faults.drop_response(api="Produce", after="append", times=1) as fault:
            send(kafka, "a", enable_idempotence=True)
            assert fault.fired == 1
        kafka.faults.error(
            api="Produce", code="NOT_LEADER_OR_FOLLOWER", topic="payments", partition=0, times=3
        )
        kafka.faults.delay(api="Fetch", ms=200, broker=2)
        kafka.faults.close(api="EndTxn", times=1)
        kafka.faults.heal()
        assert (part.log_end_offset, part.high_watermark) == (1, 1)

        consumer = Consumer(
            {**kafka.client_config("confluent"), "group.id": "g", "auto.offset.reset": "earliest"}
        )
        consumer.subscribe(["payments"])
        message = consumer.poll(SECONDS)
        assert message is not None
        kafka.group("g").wait_for_assignment()
        consumer.commit(message, asynchronous=False)
        assert kafka.group("g").committed("payments", 0) == 1
        assert len(kafka.group("g").members()) == 1
        consumer.close()

        transactional = Producer({**kafka.client_config("confluent"), "transactional.id": "tx"})
        transactional.init_transactions(SECONDS)
        transactional.begin_transaction()
        transactional.produce("payments", "b")
        transactional.commit_transaction(SECONDS)
        assert len(kafka.producers("payments", 0)) == 2
        assert [one.transactional_id for one in kafka.transactions()] == ["tx"]

        kafka.broker(2).stop()
        kafka.wait(topic="payments", partition=0, isr=[1, 3], timeout=SECONDS)
        kafka.broker(2).start()
        wait_for_everybody(kafka)
        kafka.clock.advance(seconds=60)
        assert {event.kind for event in kafka.events()} >= {"append", "isr", "election", "transaction"}
        verdict = kafka.verdict()
        verdict.assert_no_acked_loss()
        verdict.assert_no_duplicates()
        snap = kafka.snapshot()
        addresses = kafka.bootstrap_servers
        kafka.restore(snap)
        assert kafka.bootstrap_servers == addresses
        assert part.isr == [1, 2, 3]


@MODES
def test_whatever_waits_can_be_awaited(mode: str) -> None:
    """The same methods under `kafka.aio`, while the caller's own loop goes on."""

    async def main() -> int:
        ticks = 0

        async def tick() -> None:
            nonlocal ticks
            while True:
                ticks += 1
                await asyncio.sleep(0.001)

        ticking = asyncio.create_task(tick())
        async with Cluster(brokers=2, mode=mode) as kafka:
            topic = await kafka.aio.topic("t", partitions=1, replication_factor=2)
            await kafka.aio.broker(2).stop()
            await kafka.aio.wait(topic="t", isr=[1], timeout=SECONDS)
            await kafka.aio.broker(2).start()
            await kafka.aio.wait(topic="t", isr=[1, 2], timeout=SECONDS)
            await kafka.aio.broker(2).pause()
            await kafka.aio.broker(2).resume()
            await kafka.aio.controller.kill()
            await kafka.aio.controller.start()
            await kafka.aio.cut(1, 2)
            await kafka.aio.delay(1, 2, ms=1)
            await kafka.aio.isolate(1, clients=True)
            await kafka.aio.heal()
            await kafka.aio.wait(brokers=[1, 2], timeout=SECONDS)
            await kafka.aio.clock.freeze()
            before = await kafka.aio.clock.now()
            await kafka.aio.clock.advance(seconds=5)
            assert (await kafka.aio.clock.now()).wall_ms - before.wall_ms == 5000
            await kafka.aio.clock.resume()
            saved = await kafka.aio.snapshot()
            await kafka.aio.broker(1).kill()
            await kafka.aio.restore(saved)
            assert topic.partition(0).isr == [1, 2]
            await kafka.aio.reset()
            await kafka.aio.set_feature("transaction.version", 1)
            (await kafka.aio.verdict()).assert_no_acked_loss()
        ticking.cancel()
        return ticks

    assert asyncio.run(main()) > 10


def test_client_config_of_confluent_kafka(small: Cluster) -> None:
    """`confluent`: one record there and back."""
    producer = Producer(small.client_config("confluent"))
    producer.produce("t", "confluent")
    assert producer.flush(SECONDS) == 0


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_client_config_of_kafka_python(small: Cluster) -> None:
    """`kafka-python`: as keyword arguments."""
    from kafka import KafkaConsumer, KafkaProducer

    producer = KafkaProducer(**small.client_config("kafka-python"))
    producer.send("t", b"kafka-python").get(SECONDS)
    producer.close()
    consumer = KafkaConsumer("t", **small.client_config("kafka-python"), auto_offset_reset="earliest")
    assert next(consumer).value is not None
    consumer.close()


def test_client_config_of_aiokafka(small: Cluster) -> None:
    """`aiokafka`: as keyword arguments."""

    async def main() -> None:
        async with AIOKafkaProducer(**small.client_config("aiokafka")) as producer:
            await producer.send_and_wait("t", b"aiokafka")
        async with AIOKafkaConsumer(
            "t", **small.client_config("aiokafka"), auto_offset_reset="earliest"
        ) as consumer:
            assert (await asyncio.wait_for(consumer.getone(), SECONDS)).value is not None

    asyncio.run(main())


def test_client_config_of_java(small: Cluster, program: Callable[[str], Program], tmp_path: Path) -> None:
    """`java`: as a properties file, to Apache's own client."""
    program("java")
    properties = small.client_config("java")
    path = tmp_path / "client.properties"
    path.write_text("".join(f"{key}={value}\n" for key, value in properties.items()), encoding="utf-8")
    command = ("--bootstrap-server", properties["bootstrap.servers"], "--command-config", str(path))
    assert "t" in run_kafka_tool("TopicCommand", *command, "--list").split()
