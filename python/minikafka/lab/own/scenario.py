"""A user's program as a scenario of its own: judged, reported and repeated like the others."""

from __future__ import annotations

from minikafka.checker.anomaly import Anomaly
from minikafka.lab.own.run import Own, run_own
from minikafka.lab.scenario import Configuration, Scenario, Settings

ALLOWED = frozenset({Anomaly.REORDERED})
"""A program may work on several records at once; what it owes is each of them, once."""


def own_scenario(name: str, own: Own, broker: Settings, again: str) -> Scenario:
    """`name`: of the schedule. `again`: the command that repeats it."""
    configuration = Configuration(
        name=" ".join(own.command)[:60],
        allows=ALLOWED,
        broker=broker,
        is_transactional=True,
        sends_again=True,
    )
    return Scenario(
        name=f"{name} -- {own.command[0]}",
        title=f"your program, and {name}",
        claim=f"`{' '.join(own.command)}` writes each record of its input once",
        truth=", ".join(f"{one.do} after {one.after} records" for one in own.schedule),
        article="not about this",
        lesson=__doc__ or "",
        configurations=(configuration,),
        run=lambda stage: run_own(stage, own),
        again=again,
    )
