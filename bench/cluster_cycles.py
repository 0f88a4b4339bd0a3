"""Clusters inside this process, one after another: what each costs, as one JSON line. A child of `bench.per_test`.

python -m bench.cluster_cycles minikafka 3 10
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from confluent_kafka import Producer

from bench.processes import resident_bytes


@contextmanager
def minikafka(brokers: int) -> Iterator[Producer]:
    from minikafka import Cluster

    with Cluster(brokers=brokers) as kafka:
        yield Producer({**kafka.client_config("confluent"), "acks": "all"})


@contextmanager
def minikafka_processes(brokers: int) -> Iterator[Producer]:
    from minikafka import Cluster

    with Cluster(brokers=brokers, mode="process") as kafka:
        yield Producer({**kafka.client_config("confluent"), "acks": "all"})


@contextmanager
def librdkafka_mock(brokers: int) -> Iterator[Producer]:
    producer = Producer(
        {"bootstrap.servers": "unused:1", "test.mock.num.brokers": brokers, "acks": "all", "log_level": 0}
    )
    producer.list_topics(timeout=10)
    yield producer


KINDS: dict[str, Callable[[int], contextmanager[Producer]]] = {
    "minikafka": minikafka,
    "minikafka-processes": minikafka_processes,
    "librdkafka-mock": librdkafka_mock,
}


def main(kind: str, brokers: int, cycles: int) -> None:
    before = resident_bytes([os.getpid()])
    found = []
    for _ in range(cycles):
        began, cpu = time.perf_counter(), time.process_time()
        with KINDS[kind](brokers) as producer:
            ready = time.perf_counter() - began
            resident = resident_bytes([os.getpid(), *children()])
            producer.produce("orders", b"x")
            assert producer.flush(30) == 0
            del producer
        spent = time.process_time() - cpu
        found.append(
            {
                "ready_s": ready,
                "cycle_s": time.perf_counter() - began,
                "cpu_s": spent,
                "resident_bytes": resident - before,
            }
        )
    print(json.dumps(found))


def children(of: int | None = None) -> list[int]:
    """Of this process and of its children: brokers of process mode, and what forked them."""
    found: list[int] = []
    for task in Path(f"/proc/{os.getpid() if of is None else of}/task").iterdir():
        with suppress(FileNotFoundError):  # a thread that has ended since
            found += map(int, (task / "children").read_text().split())
    return [one for pid in found for one in (pid, *children(pid))]


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
