"""Rounds: every contestant is up from the first to the last, and each workload goes to them in turn.

So a noisy minute hits all of them, and a JVM has warmed up: the first round is thrown away.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from functools import partial

from confluent_kafka import KafkaException

from bench.contestants import Contestant
from bench.generators import GeneratorFailed
from bench.measuring import Measurement, measure, prepare
from bench.starting import Start, measure_start
from bench.workloads import Workload
from conformance.targets import Target, running
from conformance.view import ClusterView
from conformance.waiting import NeverHappened

Measurements = dict[tuple[str, str], list[Measurement]]
"""By workload title and contestant name."""
WARM_UP_SHARE = 0.5
FAILURES = (GeneratorFailed, KafkaException, NeverHappened, OSError)
"""A client that gave up, a topic that could not be made, a broker process that is gone."""


def run_rounds(
    contestants: Sequence[Contestant], brokers: int, workloads: Sequence[Workload], rounds: int, share: float
) -> Measurements:
    found: Measurements = defaultdict(list)
    with ExitStack() as stack:
        targets = {each.name: stack.enter_context(running(each.make(brokers))) for each in contestants}
        for number in range(rounds + 1):
            warm_up = number == 0
            run_round(targets, brokers, workloads, number, share * WARM_UP_SHARE if warm_up else share, found)
            if warm_up:
                found.clear()
    return found


def run_round(
    targets: dict[str, Target],
    brokers: int,
    workloads: Sequence[Workload],
    number: int,
    share: float,
    found: Measurements,
) -> None:
    # Who goes first changes from round to round.
    order = sorted(targets, reverse=bool(number % 2))
    prepared: set[tuple[str, str]] = set()
    for workload in workloads:
        for name in order:
            target, topic = targets[name], f"{workload.topic}-{number}"
            try:
                if (name, topic) not in prepared:
                    prepare(target, topic, brokers)
                    prepared.add((name, topic))
                measured = measure(target, topic, workload, share)
            except FAILURES as failure:
                # The report says so; the others are still worth measuring.
                tell(f"{brokers} x {name}: {workload.title} FAILED: {type(failure).__name__}: {failure}")
                continue
            found[workload.title, name].append(measured)
            rate = measured.rate
            tell(
                f"{brokers} x {name}: round {number}, {workload.title}: {rate.records / rate.seconds:,.0f}/s"
            )
    for name, topic in sorted(prepared):
        with suppress(KafkaException):
            ClusterView(targets[name].bootstrap_servers).delete_topic(topic)


def run_starts(contestants: Sequence[Contestant], brokers: int, rounds: int) -> dict[str, list[Start]]:
    found: dict[str, list[Start]] = defaultdict(list)
    for number in range(rounds):
        for each in contestants:
            start = measure_start(partial(each.make, brokers))
            found[each.name].append(start)
            tell(
                f"{brokers} x {each.name}: start {number}: {start.acknowledged_s:.2f} s to the first acknowledgement"
            )
    return found


def tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
