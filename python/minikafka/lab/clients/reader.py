"""Reads a topic from its start to where it ends now, and says so: a reader that stopped early proves nothing."""

from __future__ import annotations

import time
from typing import Final

from confluent_kafka import Consumer, KafkaException, TopicPartition

from minikafka.checker.operation import READ_UNCOMMITTED, Op, Type
from minikafka.lab.errors import Inconclusive
from minikafka.lab.recorder import Recorder

TIMEOUT_S: Final = 20.0
POLL_S: Final = 0.05


def read_all(
    recorder: Recorder,
    servers: str,
    topic: str,
    *,
    partitions: int = 1,
    isolation: str = READ_UNCOMMITTED,
    process: str = "",
    final: bool = True,
    timeout_s: float = TIMEOUT_S,
) -> list[str]:
    """Every id, in order of partition and offset. final: the cluster is whole and at rest. Raises Inconclusive."""
    name = process or f"reader ({isolation})"
    consumer = Consumer(
        {
            "bootstrap.servers": servers,
            "log_level": 0,
            "group.id": "minikafka-lab-reader",
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            "isolation.level": isolation,
        }
    )
    try:
        ends = {number: end_of(consumer, topic, number, timeout_s) for number in range(partitions)}
        consumer.assign([TopicPartition(topic, number, 0) for number in range(partitions)])
        waiting = {number for number, end in ends.items() if end > 0}
        found: dict[tuple[int, int], str] = {}
        deadline = time.monotonic() + timeout_s
        while waiting:
            if time.monotonic() > deadline:
                raise Inconclusive(f"{name}: {topic} not read to its end {ends} in {timeout_s:g} s")
            message = consumer.poll(POLL_S)
            if message is None:
                continue
            partition, offset = message.partition() or 0, message.offset() or 0
            if message.error() is None:
                value = (message.value() or b"").decode(errors="replace").rstrip(" ")
                found[partition, offset] = value
                recorder.add(
                    Type.OK,
                    Op.POLL,
                    name,
                    id=value,
                    topic=topic,
                    partition=partition,
                    offset=offset,
                    isolation=isolation,
                )
            else:
                # The end of the partition as this isolation level sees it; a transaction may hold it back.
                ends[partition] = offset
                waiting.discard(partition)
        for partition, end in ends.items():
            recorder.add(
                Type.OK,
                Op.READ,
                name,
                topic=topic,
                partition=partition,
                offset=end,
                isolation=isolation,
                final=final,
            )
    finally:
        consumer.close()
    return [found[place] for place in sorted(found)]


def end_of(consumer: Consumer, topic: str, partition: int, timeout_s: float) -> int:
    """The high watermark (the last stable offset for read_committed); asks again while nobody leads."""
    deadline = time.monotonic() + timeout_s
    while True:
        try:
            return int(consumer.get_watermark_offsets(TopicPartition(topic, partition), timeout=2)[1])
        except KafkaException as failure:
            if time.monotonic() > deadline:
                raise Inconclusive(f"nobody leads {topic}-{partition}: {failure.args[0].name()}") from failure
            time.sleep(POLL_S)
