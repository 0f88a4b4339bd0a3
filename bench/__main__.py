"""`python -m bench`: print a Markdown page of figures; `--write FILE` keeps it (docs/reference/performance.md)."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from bench import machine, report
from bench.contestants import CONTESTANTS, Contestant
from bench.rounds import run_rounds, run_starts
from bench.workloads import PARTITIONS, WORKLOADS, Workload
from conformance import build

ROUNDS = 5
QUICK_SHARE = 0.25


def main() -> int:
    options = parse(sys.argv[1:])
    contestants = available(options.broker)
    workloads = [each for each in WORKLOADS if options.workload in each.title]
    rounds, share = (1, QUICK_SHARE) if options.quick else (options.rounds, options.load)
    described = introduction(machine.describe(), rounds, share)
    sections = [section(brokers, contestants, workloads, rounds, share) for brokers in options.brokers]
    text = "\n".join([described, *sections])
    print(text)
    if options.write:
        options.write.write_text(text)
    return 0


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one round of a quarter of the load")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="counted rounds, after one that is not")
    parser.add_argument("--load", type=float, default=1.0, help="share of the full load, for a shorter run")
    parser.add_argument("--brokers", type=int, nargs="+", default=[1, 3], help="cluster sizes")
    parser.add_argument(
        "--broker", nargs="+", default=[""], help="only the contestants whose name contains one of these"
    )
    parser.add_argument("--workload", default="", help="only the workloads whose title contains this")
    parser.add_argument("--write", type=Path, help="also write the page to this file")
    return parser.parse_args(arguments)


def available(wanted: Sequence[str]) -> list[Contestant]:
    """Who can be run here; the generators need Java and Go, so those are built first."""
    for toolchain in ("java", "go"):
        if not build.is_available(toolchain):
            raise SystemExit(f"the benchmark needs {', '.join(build.COMMANDS[toolchain])} on PATH")
        build.build(toolchain)
    return [each for each in CONTESTANTS if any(part.lower() in each.name.lower() for part in wanted)]


def section(
    brokers: int, contestants: Sequence[Contestant], workloads: Sequence[Workload], rounds: int, share: float
) -> str:
    taking_part = [each for each in contestants if brokers == 1 or each.replicates]
    measurements = run_rounds(taking_part, brokers, workloads, rounds, share)
    starts = run_starts(taking_part, brokers, rounds)
    title = "One broker" if brokers == 1 else f"{brokers} brokers, replication factor 3, acks=all, min ISR 2"
    names = [each.name for each in taking_part]
    return "\n".join(
        [
            f"## {title}\n",
            report.workload_table(measurements, workloads, names),
            f"### Start, {title[0].lower()}{title[1:]}\n",
            report.start_table(starts),
        ]
    )


def introduction(described: str, rounds: int, share: float) -> str:
    quick = "A quick look, not a measurement. " if rounds == 1 else ""
    loads = "" if share == 1.0 else f"{quick}Each run sends {share:.0%} of the full load."
    return f"""# Performance

The same real clients on minikafka, on Apache Kafka 4.4.0 (KRaft, default heap of 1 GiB and G1) and on kfake, in turn in
one run. Medians of {rounds} alternating rounds after one that is not counted; clients and brokers share the machine.
{loads}

{described}

- Topics have {PARTITIONS} partitions; all producers are idempotent with acks=all and no compression. minikafka runs
  with its defaults (page-cache durability, as Kafka). With three brokers minikafka is one process, Apache Kafka three;
  kfake keeps one copy of each log whatever its broker count, so it takes part with one broker only.
- ProducerPerformance and ConsumerPerformance are Apache's own, with the Java client's defaults; franz-go and
  confluent-kafka send without lingering.
- Broker CPU is user and system time of the broker processes during the run; memory is what they hold after it.
- A transaction holds one record; one follows the other.
- Ratios: above 1 minikafka is faster; for CPU, below 1 it spends less.
"""


if __name__ == "__main__":
    sys.exit(main())
