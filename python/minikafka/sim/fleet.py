"""Many seeds on all cores, and one line at the end."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from typing import Final, NamedTuple

from minikafka.sim.case import Case

CHUNK: Final = 20


class Failure(NamedTuple):
    """A seed that broke a promise. command: what repeats it."""

    seed: int
    violations: list[str]
    command: str


class Voyage(NamedTuple):
    """What many runs came to."""

    runs: int
    failures: list[Failure]
    acknowledged: int
    seconds: float

    @property
    def closing_line(self) -> str:
        return (
            f"{self.runs} simulated runs, {len(self.failures)} with a violation, {self.acknowledged} acknowledgements "
            f"held against the logs, in {self.seconds:.0f} s"
        )


class _Part(NamedTuple):
    runs: int
    failures: list[Failure]
    acknowledged: int


def _run(seeds: list[int]) -> _Part:
    failures = []
    acknowledged = 0
    for seed in seeds:
        case = Case.of(seed)
        report = case.run()
        acknowledged += report.acknowledged
        if report.violations:
            failures.append(Failure(seed, report.violations, case.command))
    return _Part(len(seeds), failures, acknowledged)


def sail(
    seeds: Iterable[int], *, jobs: int | None = None, tell: Callable[[Failure], None] = lambda failure: None
) -> Voyage:
    """Run them all. `jobs` None: one per core. `tell` hears of a failure as soon as its chunk is done."""
    started = time.monotonic()
    numbers = list(seeds)
    chunks = [numbers[index : index + CHUNK] for index in range(0, len(numbers), CHUNK)]
    runs = acknowledged = 0
    failures: list[Failure] = []
    with ProcessPoolExecutor(max_workers=jobs or os.cpu_count()) as pool:
        for part in pool.map(_run, chunks):
            runs += part.runs
            acknowledged += part.acknowledged
            failures += part.failures
            for failure in part.failures:
                tell(failure)
    return Voyage(runs, failures, acknowledged, time.monotonic() - started)
