"""What the levers of a test cost: start, snapshot, restore, reset, and moving the clock.

    python -m bench.levers [--rounds N]

Three brokers in this process, 20 partitions with three replicas and 100 records of 100 bytes in each. Real time and CPU
time of the whole process are told, each the least of all rounds, because whatever else the machine does only adds to
them; printed as a Markdown table for docs/reference/performance.md.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from typing import Final, NamedTuple

from confluent_kafka import Producer
from minikafka import Cluster

PARTITIONS: Final = 20
RECORDS: Final = 100
VALUE: Final = b"v" * 100
SECONDS: Final = 60


class Cost(NamedTuple):
    """Of one round, in milliseconds."""

    real: float
    cpu: float


def measured(what: Callable[[], object]) -> Cost:
    """Do it once."""
    began, cpu = time.perf_counter(), time.process_time()
    what()
    return Cost((time.perf_counter() - began) * 1000, (time.process_time() - cpu) * 1000)


def least(costs: list[Cost]) -> Cost:
    return Cost(min(one.real for one in costs), min(one.cpu for one in costs))


def fill(kafka: Cluster) -> None:
    """The client is gone when this returns."""
    producer = Producer({**kafka.client_config("confluent"), "acks": "all", "log_level": 0})
    for number in range(PARTITIONS * RECORDS):
        producer.produce("t", VALUE, partition=number % PARTITIONS)
        producer.poll(0)
    assert producer.flush(SECONDS) == 0


def rounds(count: int) -> dict[str, Cost]:
    """Every lever, `count` times on one cluster; the cluster itself as often."""
    starts = []
    for _ in range(count):
        kafka = Cluster(brokers=3)
        starts.append(measured(kafka.start))
        kafka.close()
    costs: dict[str, list[Cost]] = {}

    def note(lever: str, what: Callable[[], object]) -> None:
        costs.setdefault(lever, []).append(measured(what))

    with Cluster(brokers=3, topics=[f"t:{PARTITIONS}:3"]) as kafka:
        fill(kafka)
        for _ in range(count):
            note("`snapshot()`", kafka.snapshot)
            saved = kafka.snapshot()
            note("`restore()`", lambda: kafka.restore(saved))  # noqa: B023 - called at once
            note("`clock.advance(seconds=60)`", lambda: kafka.clock.advance(seconds=60))
            note("`clock.advance(seconds=86_400)`", lambda: kafka.clock.advance(seconds=86_400))
        for _ in range(count):
            note("`reset()`", kafka.reset)
    return {
        "`Cluster(brokers=3)` until ready": least(starts),
        **{lever: least(each) for lever, each in costs.items()},
    }


def main() -> None:
    parser = argparse.ArgumentParser(description="What the levers of a test cost, in milliseconds.")
    parser.add_argument("--rounds", type=int, default=15, help="of which the least is told")
    found = rounds(parser.parse_args().rounds)
    print("| lever, in mode `thread` | real time | CPU time |")
    print("| --- | --- | --- |")
    for lever, cost in found.items():
        print(f"| {lever} | {cost.real:.0f} ms | {cost.cpu:.0f} ms |")


if __name__ == "__main__":
    main()
