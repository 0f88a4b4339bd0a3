"""Rounds: every contestant is up from the first to the last, and each workload goes to them in turn.

So a noisy minute hits all of them, and a JVM has warmed up: the first round is thrown away.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Sequence
from contextlib import ExitStack
from functools import partial
from itertools import groupby
from operator import attrgetter

from bench.contestants import Contestant
from bench.generators import GeneratorFailed
from bench.measuring import Measurement, clean_up, measure, prepare
from bench.starting import Start, measure_start
from bench.workloads import Workload
from conformance.targets import Target, running

Measurements = dict[tuple[str, str], list[Measurement]]
"""By workload title and contestant name."""
WARM_UP_SHARE = 0.5


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
    for name, on_one_topic in groupby(workloads, key=attrgetter("topic")):
        topic = f"{name}-{number}"
        for contestant in order:
            prepare(targets[contestant], topic, brokers)
        for workload in on_one_topic:
            for contestant in order:
                label = f"{brokers} x {contestant}: round {number}, {workload.title}"
                try:
                    measured = measure(targets[contestant], topic, workload, share)
                except (GeneratorFailed, OSError) as failure:
                    # The report says so; the others are still worth measuring.
                    tell(f"{label} FAILED: {type(failure).__name__}: {failure}")
                    continue
                found[workload.title, contestant].append(measured)
                tell(f"{label}: {measured.rate.records / measured.rate.seconds:,.0f}/s")
        for contestant in order:
            clean_up(targets[contestant], topic)


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
