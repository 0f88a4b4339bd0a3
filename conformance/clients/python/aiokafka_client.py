"""aiokafka under the contract: produce, consume."""

from __future__ import annotations

import asyncio
import time

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer  # type: ignore[import-untyped]
from aiokafka.errors import KafkaError  # type: ignore[import-untyped]
from aiokafka.structs import RecordMetadata  # type: ignore[import-untyped]

from conformance.clients.python.contract import Options, emit, parse_arguments

POLL_LIMIT = 500
"""Lets the reader stop in the middle; without one a call returns all that was fetched."""


async def produce(options: Options) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=options.bootstrap, **options.config)
    await producer.start()
    sent = [
        (record_id, await producer.send(options.topic, key=key.encode(), value=record_id.encode()))
        for key, record_id in options.ids()
    ]
    await producer.flush()
    for record_id, delivery in sent:
        await report_delivery(record_id, options.topic, delivery)
    await producer.stop()
    emit("done")


async def report_delivery(record_id: str, topic: str, delivery: asyncio.Future[RecordMetadata]) -> None:
    try:
        at = await delivery
    except KafkaError as failure:
        emit("send", id=record_id, topic=topic, outcome="unknown", error=type(failure).__name__)
    else:
        emit("send", id=record_id, topic=at.topic, partition=at.partition, offset=at.offset, outcome="ok")


async def consume(options: Options) -> None:
    """Read `records` records, then on for `linger_ms` to catch surplus; commit what was read."""
    consumer = AIOKafkaConsumer(
        *options.topics,
        bootstrap_servers=options.bootstrap,
        group_id=options.group,
        auto_offset_reset="earliest",
        **options.config,
    )
    await consumer.start()
    received = 0
    deadline = float("inf")
    while time.monotonic() < deadline:
        for records in (await consumer.getmany(timeout_ms=100, max_records=POLL_LIMIT)).values():
            for record in records:
                emit(
                    "recv",
                    id=record.value.decode(),
                    topic=record.topic,
                    partition=record.partition,
                    offset=record.offset,
                )
                received += 1
        if received >= options.records and deadline == float("inf"):
            deadline = time.monotonic() + options.linger_ms / 1000
    await commit(consumer)
    await consumer.stop()
    emit("done")


async def commit(consumer: AIOKafkaConsumer) -> None:
    try:
        committed = {f"{p.topic}:{p.partition}": await consumer.position(p) for p in consumer.assignment()}
        await consumer.commit()
        emit("commit", outcome="ok", offsets=committed)
    except KafkaError as failure:
        emit("commit", outcome="unknown", error=type(failure).__name__)


WORKLOADS = {"produce": produce, "consume": consume}

if __name__ == "__main__":
    workload, given = parse_arguments()
    asyncio.run(WORKLOADS[workload](given))
