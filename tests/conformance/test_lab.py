"""Every scenario of the lab, each configuration with one seed: bad ones go wrong as claimed, good ones do not.

They run side by side, once, when the first result is asked for. MINIKAFKA_LAB_SEEDS: more seeds (`make nightly`).
"""

from __future__ import annotations

import os
from functools import cache

import pytest
from minikafka.lab.result import Mark, Result
from minikafka.lab.runner import plan, run_all
from minikafka.lab.scenarios import all_scenarios

SEEDS = range(1, 1 + int(os.environ.get("MINIKAFKA_LAB_SEEDS", "1")))
INCONCLUSIVE_AT_MOST = 0.01
WANTED = plan(all_scenarios(), SEEDS)


@cache
def results() -> dict[tuple[str, str], list[Result]]:
    """All of them, by scenario and configuration."""
    found: dict[tuple[str, str], list[Result]] = {}
    for one in run_all(WANTED):
        found.setdefault((one.scenario.name, one.configuration.name), []).append(one)
    return found


@pytest.mark.timeout(120 * len(SEEDS))
@pytest.mark.parametrize(
    ("scenario", "configuration"),
    [(one.name, each.name) for one in all_scenarios() for each in one.configurations],
)
def test_a_claim_shows(scenario: str, configuration: str) -> None:
    """What the configuration says it shows is what is shown, for clients and in the ledger."""
    wrong = [one for one in results()[scenario, configuration] if one.mark is Mark.FAIL]
    assert not wrong, "\n\n".join(f"{one.why}\n{one.command}\n{one.story()}" for one in wrong)


@pytest.mark.timeout(120 * len(SEEDS))
def test_almost_every_run_tells() -> None:
    """A fault that does not strike, or a reader that does not get there, is rare."""
    unclear = [one for runs in results().values() for one in runs if one.mark is Mark.INCONCLUSIVE]
    told = [f"{one.name}: {one.why}" for one in unclear]
    assert len(unclear) <= INCONCLUSIVE_AT_MOST * len(WANTED), told
    print(f"{len(WANTED)} runs of the lab, {len(unclear)} inconclusive: {told}")
