"""What the levers of a test cost: start, snapshot, restore, reset, and moving the clock.

    python -m bench.levers [--rounds N] [--write]

Three brokers in this process, 20 partitions with three replicas and 100 records of 100 bytes in each; once with their
files in memory and once on the disk of this machine. Real time and CPU time of the whole process are told, each the
least of all rounds, because whatever else the machine does only adds to them; `--write` keeps the table in
docs/reference/performance.md.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final, NamedTuple

from confluent_kafka import Producer
from minikafka import Cluster

from bench import machine, page
from bench.report import table

PARTITIONS: Final = 20
RECORDS: Final = 100
VALUE: Final = b"v" * 100
SECONDS: Final = 60
MEMORY: Final = "/dev/shm"
"""Linux's tmpfs that is always there."""


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


def everywhere(count: int) -> dict[str, dict[str, Cost]]:
    """By where the files are."""
    found = {}
    for where, directory in (("in memory", MEMORY), ("on a disk", None)):
        if directory is None or Path(directory).is_dir():
            tempfile.tempdir = directory
            found[where] = rounds(count)
    tempfile.tempdir = None
    return found


def section(count: int, found: dict[str, dict[str, Cost]]) -> str:
    places = list(found.values())
    rows = [
        [
            lever,
            *(
                cell
                for place in places
                for cell in (f"{place[lever].real:.0f} ms", f"{place[lever].cpu:.0f} ms")
            ),
        ]
        for lever in places[0]
    ]
    headings = [
        "lever, in mode `thread`",
        *(f"{where}: {what}" for where in found for what in ("real", "CPU")),
    ]
    return f"""## Levers

`python -m bench.levers --write`: three brokers in the test's process, {PARTITIONS} partitions with three replicas and
{RECORDS} records in each, their files on a tmpfs (*in memory*), then in the directory for temporary files (*on a disk*,
where making and removing files waits for whoever else writes there). The least of {count} rounds each. A snapshot and a
restore are meant to stay under 50 ms, an advance of the clock in milliseconds.

{machine.describe()}

{table(headings, rows)}"""


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="bench.levers", description="What the levers of a test cost, in milliseconds."
    )
    parser.add_argument("--rounds", type=int, default=15, help="of which the least is told")
    page.offer(parser)
    options = parser.parse_args()
    text = section(options.rounds, everywhere(options.rounds))
    print(text)
    if options.write:
        page.put("bench.levers", text)


if __name__ == "__main__":
    main()
