"""What a cluster per test costs: `python -m bench.per_test`; `--write` keeps it in docs/reference/performance.md.

One cycle is: start, one record acknowledged with acks=all, stop. What runs inside the test's process is measured there,
the first cycle (which loads everything) apart from the others; what is a process of its own, from the outside.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from confluent_kafka import Producer

from bench import machine, page
from bench.processes import cpu_seconds, resident_bytes
from bench.report import table
from conformance import build
from conformance.paths import GO_PROGRAMS, JVM_LIBRARIES, ROOT
from conformance.targets import Target, running
from conformance.targets.apache_kafka import DEFAULT_HEAP, ApacheKafka
from conformance.targets.kfake import KFake

MILLION = 1_000_000
INSIDE_CYCLES = 21
KFAKE_CYCLES = 10
APACHE_CYCLES = 3
HEADINGS = ("broker", "brokers", "first ready", "ready", "cycle", "CPU per cycle", "memory", "installed size")


@dataclass(frozen=True, slots=True)
class Row:
    """Medians over cycles; seconds and bytes. first_ready_s: of the first cycle in a process."""

    name: str
    brokers: int
    first_ready_s: float
    ready_s: float
    cycle_s: float
    cpu_s: float
    resident_bytes: float
    installed_bytes: int

    def cells(self) -> list[str]:
        return [
            self.name,
            str(self.brokers),
            seconds(self.first_ready_s),
            seconds(self.ready_s),
            seconds(self.cycle_s),
            seconds(self.cpu_s) if self.cpu_s else "under 10 ms",
            f"{self.resident_bytes / MILLION:,.0f} MB",
            f"{self.installed_bytes / MILLION:,.1f} MB",
        ]


def inside(kind: str, name: str, brokers: int, installed: int) -> Row:
    """In a fresh Python process that has loaded its client."""
    command = [sys.executable, "-m", "bench.cluster_cycles", kind, str(brokers), str(INSIDE_CYCLES)]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    first, *others = json.loads(done.stdout)

    def middle(what: str) -> float:
        return median(one[what] for one in others)

    values = [middle(what) for what in ("ready_s", "cycle_s", "cpu_s", "resident_bytes")]
    return Row(name, brokers, first["ready_s"], *values, installed)


def outside(make: Callable[[int], Target], name: str, brokers: int, cycles: int, installed: int) -> Row:
    """As processes."""
    found = [outside_cycle(make(brokers)) for _ in range(cycles)]
    values = [median(one[number] for one in found) for number in range(4)]
    return Row(name, brokers, found[0][0], *values, installed)


def outside_cycle(target: Target) -> tuple[float, float, float, float]:
    began = time.perf_counter()
    with running(target):
        ready = time.perf_counter() - began
        resident = resident_bytes(target.pids)
        producer = Producer({"bootstrap.servers": target.bootstrap_servers, "acks": "all"})
        producer.produce("orders", b"x")
        assert producer.flush(30) == 0
        spent = cpu_seconds(target.pids)
    return ready, time.perf_counter() - began, spent, resident


def measure() -> list[Row]:
    """Whoever can be run here."""
    ours, mock = package_bytes("minikafka"), package_bytes("confluent_kafka", "confluent_kafka.libs")
    rows = [inside("minikafka", "minikafka, in the test's process", brokers, ours) for brokers in (1, 3)]
    rows += [inside("minikafka-processes", "minikafka, a process each", 3, ours)]
    rows += [inside("librdkafka-mock", "librdkafka's mock cluster", brokers, mock) for brokers in (1, 3)]
    if build.is_available("go"):
        build.build("go")
        size = (GO_PROGRAMS / "kfake_server").stat().st_size
        rows += [outside(KFake, "kfake, as a process", brokers, KFAKE_CYCLES, size) for brokers in (1, 3)]
    if build.is_available("java"):
        build.build("java")
        size = tree_bytes(Path(JVM_LIBRARIES))
        for brokers in (1, 3):
            rows.append(outside(apache, "Apache Kafka 4.4.0", brokers, APACHE_CYCLES, size))
    return rows


def apache(brokers: int) -> ApacheKafka:
    return ApacheKafka(brokers, jvm=DEFAULT_HEAP)


def package_bytes(*names: str) -> int:
    """On disk, of installed packages; ours may be in the source tree."""
    directories = [ROOT / "python" if name == "minikafka" else site_packages() for name in names]
    return sum(tree_bytes(directory / name) for directory, name in zip(directories, names, strict=True))


def site_packages() -> Path:
    import confluent_kafka

    return Path(confluent_kafka.__file__).parent.parent


def tree_bytes(directory: Path) -> int:
    files = (one for one in directory.rglob("*") if one.is_file() and "__pycache__" not in one.parts)
    return sum(one.stat().st_size for one in files)


def seconds(value: float) -> str:
    return f"{value:.1f} s" if value >= 1 else f"{1000 * value:.0f} ms"


def section(rows: Sequence[Row]) -> str:
    return f"""## A cluster per test

`python -m bench.per_test`. One cycle: start, one record acknowledged with acks=all, stop. Medians of
{INSIDE_CYCLES - 1} cycles ({KFAKE_CYCLES} of kfake, {APACHE_CYCLES} of Apache Kafka).

- *First ready* is the first cluster of a process, which loads everything.
- *Memory* is what a ready cluster adds to the test's process, or all of its own processes.
- kfake in a Go test needs neither process nor start.
- Sizes are without interpreter and JVM; minikafka's wheel is 2.1 MB.
- Of process mode the CPU is the test's process only.

{machine.describe()}

{table(HEADINGS, [row.cells() for row in rows])}"""


def main() -> int:
    parser = argparse.ArgumentParser(prog="bench.per_test", description=__doc__)
    page.offer(parser)
    options = parser.parse_args()
    text = section(measure())
    print(text)
    if options.write:
        page.put("bench.per_test", text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
