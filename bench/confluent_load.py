"""A load generator with confluent-kafka: `python -m bench.confluent_load WORKLOAD BOOTSTRAP TOPIC RECORD_SIZE SECONDS`.

Prints one JSON object as the franz-go generator does. The Python side is part of the figure, as it is for its users.
"""

from __future__ import annotations

import json
import random
import sys
import time
from dataclasses import dataclass

from confluent_kafka import KafkaError, Message, Producer


@dataclass(slots=True)
class Deliveries:
    """What came back; `failed` names the last error."""

    acknowledged: int = 0
    failed: str = ""

    def count(self, error: KafkaError | None, _: Message) -> None:
        if error is None:
            self.acknowledged += 1
        else:
            self.failed = error.name()


def open_producer(bootstrap_servers: str) -> Producer:
    """acks=all and idempotence as the other clients have by default; nothing lingers."""
    return Producer({"bootstrap.servers": bootstrap_servers, "enable.idempotence": True, "linger.ms": 0})


def produce(producer: Producer, topic: str, value: bytes, seconds: float) -> dict[str, float]:
    """Keep the client's buffer full for the duration and count what is acknowledged."""
    deliveries = Deliveries()
    started = time.monotonic()
    while time.monotonic() - started < seconds:
        for _ in range(64):
            try:
                producer.produce(topic, value, on_delivery=deliveries.count)
            except BufferError:
                producer.poll(0.01)
        producer.poll(0)
    producer.flush()
    return summary(deliveries, time.monotonic() - started, len(value))


def produce_one_by_one(producer: Producer, topic: str, value: bytes, seconds: float) -> dict[str, float]:
    """The next record leaves when the last one is acknowledged."""
    deliveries = Deliveries()
    latencies = []
    started = time.monotonic()
    while time.monotonic() - started < seconds:
        sent = time.monotonic()
        producer.produce(topic, value, on_delivery=deliveries.count)
        producer.flush()
        latencies.append(1000 * (time.monotonic() - sent))
    result = summary(deliveries, time.monotonic() - started, len(value))
    latencies.sort()
    return {
        **result,
        "p50_ms": latencies[len(latencies) // 2],
        "p99_ms": latencies[len(latencies) * 99 // 100],
    }


def summary(deliveries: Deliveries, seconds: float, record_bytes: int) -> dict[str, float]:
    if deliveries.failed:
        raise SystemExit(f"a delivery failed: {deliveries.failed}")
    acknowledged = deliveries.acknowledged
    return {"records": acknowledged, "bytes": acknowledged * record_bytes, "seconds": seconds}


WORKLOADS = {"produce": produce, "in-flight-1": produce_one_by_one}


def main() -> None:
    workload, bootstrap_servers, topic, record_bytes, seconds = sys.argv[1:]
    value = random.Random(1).randbytes(int(record_bytes))
    producer = open_producer(bootstrap_servers)
    # The first record pays for connections, metadata and the producer id.
    producer.produce(topic, value)
    producer.flush()
    print(json.dumps(WORKLOADS[workload](producer, topic, value, float(seconds))))


if __name__ == "__main__":
    main()
