"""confluent-kafka in this process, keeping a history: for scenarios that place a fault between two acknowledgements."""

from __future__ import annotations

import time
from collections.abc import Mapping

from confluent_kafka import Consumer, KafkaError, Message, Producer, TopicPartition

from conformance.clients.python.confluent_client import outcome_of
from conformance.history import Operation, Outcome
from conformance.waiting import NeverHappened

Setting = str | int | bool


class RecordingProducer:
    """Sends `prefix:number` records and keeps what it was told about each."""

    def __init__(self, bootstrap_servers: str, prefix: str = "r", **config: Setting) -> None:
        settings = {name.replace("_", "."): value for name, value in config.items()}
        self._producer = Producer({"bootstrap.servers": bootstrap_servers, "log_level": 2, **settings})
        self._prefix = prefix
        self._next = 0
        self.history: list[Operation] = []

    @property
    def acknowledged(self) -> list[Operation]:
        return [operation for operation in self.history if operation.outcome is Outcome.OK]

    @property
    def in_flight(self) -> int:
        """Records without an answer yet."""
        return self._next - len(self.history)

    def poll(self) -> None:
        """Take the answers that are there."""
        self._producer.poll(0)

    def send(self, topic: str, count: int, partition: int = -1) -> None:
        """Hand `count` more records to the client; they leave in the background."""
        for number in range(self._next, self._next + count):
            value, key = f"{self._prefix}:{number}", f"key-{number % 100}"
            self._producer.produce(topic, value, key, partition, self._on_delivery)
        self._next += count

    def wait_for_acknowledged(self, count: int, timeout_s: float = 60) -> None:
        """Return once `count` records are acknowledged in all; raises NeverHappened."""
        deadline = time.monotonic() + timeout_s
        while len(self.acknowledged) < count:
            self._producer.poll(0.05)
            if time.monotonic() > deadline:
                raise NeverHappened(
                    f"{len(self.acknowledged)} of {count} records acknowledged in {timeout_s} s"
                )

    def flush(self, timeout_s: float = 60) -> list[Operation]:
        """Wait until the outcome of every record is known and return them all; raises NeverHappened."""
        left = self._producer.flush(timeout_s)
        if left:
            raise NeverHappened(f"{left} records without an answer after {timeout_s} s")
        return self.history

    def _on_delivery(self, error: KafkaError | None, message: Message) -> None:
        offset = message.offset()
        self.history.append(
            Operation(
                "send",
                id=(message.value() or b"").decode(),
                topic=message.topic() or "",
                partition=message.partition() or 0,
                offset=-1 if offset is None else offset,
                outcome=Outcome(outcome_of(error)),
                error=error.name() if error else "",
            )
        )


def read_all(
    bootstrap_servers: str,
    topic: str,
    partitions: int = 1,
    isolation: str = "read_uncommitted",
    timeout_s: float = 30,
) -> list[Operation]:
    """Every record from the start of `topic` to what its high watermarks are now; raises NeverHappened."""
    ends = high_watermarks(bootstrap_servers, topic, partitions)
    settings: Mapping[str, Setting] = {"enable.partition.eof": True, "isolation.level": isolation}
    consumer = open_reader(bootstrap_servers, settings)
    consumer.assign([TopicPartition(topic, partition, 0) for partition in range(partitions)])
    reached = {partition for partition, end in ends.items() if end == 0}
    received: list[Operation] = []
    deadline = time.monotonic() + timeout_s
    while len(reached) < partitions:
        if time.monotonic() > deadline:
            raise NeverHappened(
                f"read {len(received)} records of {topic}, ends {ends} not reached in {timeout_s} s"
            )
        message = consumer.poll(0.1)
        if message is None:
            continue
        partition, offset = message.partition() or 0, message.offset() or 0
        if message.error() is None:
            value = (message.value() or b"").decode()
            received.append(Operation("recv", id=value, topic=topic, partition=partition, offset=offset))
        elif offset >= ends[partition]:
            # The end of the partition as this isolation level sees it lies at or past the end we look for.
            reached.add(partition)
    consumer.close()
    return received


def high_watermarks(bootstrap_servers: str, topic: str, partitions: int) -> dict[int, int]:
    """The high watermark of each partition; markers count."""
    consumer = open_reader(bootstrap_servers, {"isolation.level": "read_uncommitted"})
    try:
        return {
            partition: consumer.get_watermark_offsets(TopicPartition(topic, partition), timeout=10)[1]
            for partition in range(partitions)
        }
    finally:
        consumer.close()


def open_reader(bootstrap_servers: str, settings: Mapping[str, Setting]) -> Consumer:
    common = {"bootstrap.servers": bootstrap_servers, "group.id": "reader", "log_level": 2}
    return Consumer({**common, "auto.offset.reset": "earliest", "enable.auto.commit": False, **settings})
