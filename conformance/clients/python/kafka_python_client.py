"""kafka-python under the contract: produce, consume."""

from __future__ import annotations

import time

from kafka import KafkaConsumer, KafkaProducer  # type: ignore[import-untyped]
from kafka.errors import KafkaError  # type: ignore[import-untyped]
from kafka.producer.future import FutureRecordMetadata  # type: ignore[import-untyped]

from conformance.clients.python.contract import Options, emit, parse_arguments

DELIVERY_TIMEOUT_S = 120


def produce(options: Options) -> None:
    producer = KafkaProducer(bootstrap_servers=options.bootstrap.split(","), **options.config)
    sent = [
        (record_id, producer.send(options.topic, key=key.encode(), value=record_id.encode()))
        for key, record_id in options.ids()
    ]
    producer.flush()
    for record_id, delivery in sent:
        report_delivery(record_id, options.topic, delivery)
    producer.close()
    emit("done")


def report_delivery(record_id: str, topic: str, delivery: FutureRecordMetadata) -> None:
    try:
        at = delivery.get(DELIVERY_TIMEOUT_S)
    except KafkaError as failure:
        emit("send", id=record_id, topic=topic, outcome="unknown", error=type(failure).__name__)
    else:
        emit("send", id=record_id, topic=at.topic, partition=at.partition, offset=at.offset, outcome="ok")


def consume(options: Options) -> None:
    """Read `records` records, then on for `linger_ms` to catch surplus; commit what was read."""
    consumer = KafkaConsumer(
        *options.topics,
        bootstrap_servers=options.bootstrap.split(","),
        group_id=options.group,
        auto_offset_reset="earliest",
        **options.config,
    )
    received = 0
    deadline = float("inf")
    while time.monotonic() < deadline:
        for records in consumer.poll(timeout_ms=100).values():
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
    commit(consumer)
    consumer.close()
    emit("done")


def commit(consumer: KafkaConsumer) -> None:
    try:
        consumer.commit()
        committed = {f"{p.topic}:{p.partition}": consumer.position(p) for p in consumer.assignment()}
        emit("commit", outcome="ok", offsets=committed)
    except KafkaError as failure:
        emit("commit", outcome="unknown", error=type(failure).__name__)


WORKLOADS = {"produce": produce, "consume": consume}

if __name__ == "__main__":
    workload, given = parse_arguments()
    WORKLOADS[workload](given)
