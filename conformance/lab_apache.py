"""The lab on Apache Kafka: `python -m conformance.lab_apache [SCENARIO ...]`.

Three brokers and a controller of their own, each a JVM, so that two brokers can be dead while somebody still decides.
Scenarios that need levers which Apache Kafka lacks are skipped, by name. What runs must show what it shows here.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from minikafka.lab.clients.java import CLASSPATH
from minikafka.lab.report import in_order, write_all
from minikafka.lab.report.table import closing, line, table
from minikafka.lab.result import Mark, Result
from minikafka.lab.runner import Run, plan, run_all
from minikafka.lab.scenarios import all_scenarios, scenario
from minikafka.lab.targets import Target
from minikafka.lab.targets.external import external

from conformance import build
from conformance.paths import CACHE, JVM_LIBRARIES
from conformance.targets import running
from conformance.targets.apache_kafka import ApacheKafka

CONFIG = {
    "broker.session.timeout.ms": "3000",
    "broker.heartbeat.interval.ms": "500",
    "replica.lag.time.max.ms": "4000",
    "transaction.state.log.num.partitions": "4",
    "offsets.topic.num.partitions": "4",
}
"""Deaths are noticed sooner, and a failed-over coordinator has less to load; nothing that a claim is about."""
BROKERS = 3


def run(names: Sequence[str], seeds: Sequence[int] = (1,)) -> list[Result]:
    """Every configuration of these scenarios (all, if none is named), one after the other on one cluster."""
    build.build("java")
    os.environ[CLASSPATH] = f"{JVM_LIBRARIES}/*"
    chosen = [scenario(name) for name in names] or list(all_scenarios())
    results: list[Result] = []
    with running(ApacheKafka(BROKERS, separate_controller=True, config=CONFIG)) as kafka:

        @contextmanager
        def opened(one: Run) -> Iterator[Target]:
            features = dict(one.configuration.features)
            with external(
                kafka.bootstrap_servers, one.scenario.brokers, features, kafka.kill, kafka.start
            ) as target:
                yield target

        for result in run_all(plan(chosen, seeds), opened, jobs=1):
            print(line(result), flush=True)
            results.append(result)
    return in_order(results)


def main() -> int:
    started = time.monotonic()
    results = run(sys.argv[1:])
    seconds = time.monotonic() - started
    report = write_all(results, Path(CACHE, "lab-apache"), seconds)
    print(f"{table(results)}\n\n{report}\nApache Kafka: {closing(results, seconds)}")
    return 0 if all(one.mark in {Mark.PASS, Mark.SKIPPED} for one in results) else 1


if __name__ == "__main__":
    sys.exit(main())
