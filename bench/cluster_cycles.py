"""Clusters inside this process, one after another: what each costs, as one JSON line. A child of `bench.per_test`.

python -m bench.cluster_cycles minikafka 3 10
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

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


def children() -> list[int]:
    """Of this process: brokers of process mode, and what forked them."""
    with open(f"/proc/self/task/{os.getpid()}/children") as listed:  # noqa: PTH123
        return [int(pid) for pid in listed.read().split()]


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
