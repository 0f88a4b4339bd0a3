"""Create a cluster, produce, consume, close; again and again in one process; and what it holds: one JSON line.

python -m tests.leaks.cycles 1000
"""

from __future__ import annotations

import gc
import json
import os
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from confluent_kafka import Consumer, Producer, TopicPartition
from minikafka import Cluster

BROKERS = 3
WARM_UP = 10
"""Cycles after which everything that is built once has been built."""

LOOKS = 1000


@dataclass(frozen=True, slots=True)
class Held:
    """What the process holds after `cycles`. python_threads are among the threads."""

    cycles: int
    python_threads: int
    threads: int
    descriptors: int
    sockets: int
    directories: int
    resident_kib: int
    seconds: float


def cycle() -> None:
    """One record there and back on three brokers."""
    with Cluster(brokers=BROKERS, topics=["orders:1:3"]) as kafka:
        producer = Producer({**kafka.client_config("confluent"), "acks": "all"})
        producer.produce("orders", b"x", partition=0)
        assert producer.flush(20) == 0
        consumer = Consumer({**kafka.client_config("confluent"), "group.id": "g"})
        consumer.assign([TopicPartition("orders", 0, 0)])
        message = consumer.poll(20)
        assert message is not None
        assert message.value() == b"x"
        consumer.close()
        del producer, consumer


def threads() -> int:
    """One that was joined is listed for a moment longer: who is there is there however often one looks."""
    least = threads_listed()
    for _ in range(LOOKS):
        os.sched_yield()
        least = min(least, threads_listed())
    return least


def threads_listed() -> int:
    return len(os.listdir("/proc/self/task"))  # noqa: PTH208


def held(cycles: int, began: float) -> Held:
    gc.collect()
    descriptors = list(open_files())
    return Held(
        cycles,
        threading.active_count(),
        threads(),
        len(descriptors),
        sum(one.startswith("socket:") for one in descriptors),
        len(list(Path(tempfile.gettempdir()).iterdir())),
        resident_kib(),
        round(time.monotonic() - began, 2),
    )


def open_files() -> Iterator[str]:
    for number in list(Path("/proc/self/fd").iterdir()):
        try:
            yield str(number.readlink())
        except FileNotFoundError:
            continue  # the one that lists the directory


def resident_kib() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") // 1024


def main(count: int) -> None:
    began = time.monotonic()
    found = []
    for number in range(1, count + 1):
        cycle()
        if number == WARM_UP or number % max(1, count // 5) == 0:
            found.append(held(number, began))
    print(json.dumps([asdict(one) for one in found]))


if __name__ == "__main__":
    main(int(sys.argv[1]))
