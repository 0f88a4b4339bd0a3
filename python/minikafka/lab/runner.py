"""Runs scenarios: one cluster per run, several runs at once, each judged when it is over.

A run mostly waits (for a session to end, for an election), so a few at a time cost little more than one. What
measures time runs by itself, after the others.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Final, TypeAlias

from minikafka.checker.judge import judge
from minikafka.checker.verdict import ClientVerdict
from minikafka.errors import WaitTimeout
from minikafka.lab.clients import require_library
from minikafka.lab.clients.java import java_absence
from minikafka.lab.containment import compare
from minikafka.lab.errors import Inconclusive, Skipped
from minikafka.lab.judging import doubt, mark, misfit, objection
from minikafka.lab.promise import promise
from minikafka.lab.result import Mark, Result
from minikafka.lab.scenario import Client, Configuration, Scenario
from minikafka.lab.stage import Stage
from minikafka.lab.targets import Target
from minikafka.lab.targets.embedded import Embedded
from minikafka.testing.cluster import Cluster

JOBS: Final = 4
"""Runs at a time."""


@dataclass(frozen=True, slots=True)
class Run:
    """What is to be run."""

    scenario: Scenario
    configuration: Configuration
    seed: int


Open: TypeAlias = Callable[[Run], AbstractContextManager[Target]]
"""Makes what a run runs on, and takes it away."""


def plan(
    scenarios: Sequence[Scenario],
    seeds: Sequence[int],
    configuration: str | None = None,
    client: Client | None = None,
) -> list[Run]:
    """Every configuration of each with each seed, or one by name, or those with one client. Raises ConfigError for an
    unknown one."""
    return [
        Run(scenario, chosen, seed)
        for scenario in scenarios
        for chosen in (
            scenario.configurations if configuration is None else (scenario.configuration(configuration),)
        )
        if client is None or chosen.client is client
        for seed in seeds
    ]


@contextmanager
def embedded(run: Run) -> Iterator[Target]:
    """Brokers of our own, with the run's settings and seed, in this process."""
    cluster = Cluster(
        brokers=run.scenario.brokers,
        config=run.configuration.broker,
        durability=run.configuration.durability,
        features=run.configuration.features,
        seed=run.seed,
    )
    with cluster:
        yield Embedded(cluster)


def run_all(wanted: Sequence[Run], opener: Open = embedded, jobs: int = JOBS) -> Iterator[Result]:
    """Results as they come. Raises ConfigError when the client library is missing."""
    require_library()
    together = [one for one in wanted if not one.scenario.alone]
    pool = ThreadPoolExecutor(max(1, jobs), thread_name_prefix="lab")
    try:
        for done in as_completed([pool.submit(run_one, one, opener) for one in together]):
            yield done.result()
    finally:
        # Interrupted: what runs comes to its end, what waits never begins.
        pool.shutdown(wait=True, cancel_futures=True)
    for one in wanted:
        if one.scenario.alone:
            yield run_one(one, opener)


def run_one(run: Run, opener: Open = embedded) -> Result:
    """Run and judge. Whatever goes wrong in it ends up in the result."""
    started = time.monotonic()
    name = Embedded.name
    try:
        absence = java_absence() if run.configuration.client is Client.JAVA else ""
        if absence:
            raise Skipped(absence)
        with opener(run) as target:
            name = target.name
            missing = (run.scenario.needs | run.configuration.needs) - target.levers
            if missing:
                needs = ", ".join(sorted(lever.value for lever in missing))
                raise Skipped(f"{target.name} has no lever for {needs}")
            return _run_on(run, target, started)
    except Skipped as skipped:
        return _unjudged(run, Mark.SKIPPED, str(skipped), name, started)
    except Inconclusive as unclear:
        return _unjudged(run, Mark.INCONCLUSIVE, str(unclear), name, started)
    except Exception as failure:  # noqa: BLE001 - one run that breaks must not hide the others
        return _unjudged(run, Mark.FAIL, f"{type(failure).__name__}: {failure}", name, started)


def _run_on(run: Run, target: Target, started: float) -> Result:
    scenario, configuration = run.scenario, run.configuration
    stage = Stage(target, configuration, run.seed, f"{scenario.name}/{configuration.name}")
    unclear = ""
    try:
        scenario.run(stage)
    except (Inconclusive, WaitTimeout) as cut_short:
        unclear = str(cut_short)
    finally:
        stage.close()
    recorder = stage.recorder
    client: ClientVerdict = judge(recorder.operations, promise(configuration, recorder.strikes))
    cluster = target.cluster if isinstance(target, Embedded) else None
    ledger = None if cluster is None else cluster.verdict(id_of=stage.ids)
    unclear = unclear or doubt(scenario, recorder.operations, recorder.strikes, client)
    contained = None if ledger is None else compare(ledger, client, recorder.operations)
    objected = objection(configuration, client, stage.notes) or misfit(contained)
    return Result(
        scenario=scenario,
        configuration=configuration,
        seed=run.seed,
        target=target.name,
        mark=mark(unclear, objected),
        why=unclear or objected,
        seconds=time.monotonic() - started,
        client=client,
        ledger=ledger,
        containment=contained,
        notes=stage.notes,
        history=recorder.operations,
        strikes=recorder.strikes,
        events=[] if cluster is None else cluster.events(),
        origin_ms=recorder.origin_ms,
    )


def _unjudged(run: Run, verdict: Mark, why: str, target: str, started: float) -> Result:
    return Result(
        scenario=run.scenario,
        configuration=run.configuration,
        seed=run.seed,
        target=target,
        mark=verdict,
        why=why,
        seconds=time.monotonic() - started,
    )
