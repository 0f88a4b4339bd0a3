"""Every scenario of the lab, each configuration with one seed: bad ones go wrong as claimed, good ones do not.

They run side by side, once, when the first result is asked for. MINIKAFKA_LAB_SEEDS: more seeds (`make nightly`).
Those on the Java client are in `test_lab_java.py`.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib import import_module
from pathlib import Path

import pytest
from minikafka import Cluster
from minikafka.cli.main import main
from minikafka.lab.result import Mark, Result
from minikafka.lab.runner import Run, plan, run_all, run_one
from minikafka.lab.scenario import Client
from minikafka.lab.scenarios import all_scenarios, scenario
from minikafka.lab.targets import Target
from minikafka.lab.targets.external import external
from minikafka.runtime.loading import import_handlers_where_threads_may_not

SEEDS = range(1, 1 + int(os.environ.get("MINIKAFKA_LAB_SEEDS", "1")))
INCONCLUSIVE_AT_MOST = 0.01
WANTED = plan(all_scenarios(), SEEDS, client=Client.CONFLUENT)


@cache
def results() -> dict[tuple[str, str], list[Result]]:
    """All of them, by scenario and configuration."""
    found: dict[tuple[str, str], list[Result]] = {}
    # The runs' threads would import them all at once, each parsed by pytest: see runtime/loading.py.
    for client in ("admin", "program", "raw", "reader", "sender"):
        import_module(f"minikafka.lab.clients.{client}")
    import_handlers_where_threads_may_not()
    for one in run_all(WANTED):
        kept = one.thinned() if one.mark is Mark.PASS else one
        found.setdefault((one.scenario.name, one.configuration.name), []).append(kept)
    return found


@pytest.mark.timeout(300 * len(SEEDS))
@pytest.mark.parametrize(
    ("scenario", "configuration"),
    [(one.scenario.name, one.configuration.name) for one in WANTED if one.seed == 1],
)
def test_a_claim_shows(scenario: str, configuration: str) -> None:
    """What the configuration says it shows is what is shown, for clients and in the ledger."""
    wrong = [one for one in results()[scenario, configuration] if one.mark is Mark.FAIL]
    assert not wrong, "\n\n".join(f"{one.why}\n{one.command}\n{one.story()}" for one in wrong)


@pytest.mark.timeout(300 * len(SEEDS))
def test_almost_every_run_tells() -> None:
    """A fault that does not strike, or a reader that does not get there, is rare."""
    unclear = [one for runs in results().values() for one in runs if one.mark is Mark.INCONCLUSIVE]
    told = [f"{one.name}: {one.why}" for one in unclear]
    assert len(unclear) <= INCONCLUSIVE_AT_MOST * len(WANTED), told
    print(f"\n{len(WANTED)} runs of the lab, {len(unclear)} inconclusive: {told}")


@pytest.fixture(scope="module")
def lasting() -> Iterator[Cluster]:
    """Three brokers that several runs share, known to them by their addresses only."""
    with Cluster(brokers=3) as kafka:
        yield kafka


@pytest.mark.parametrize(
    ("name", "configuration"),
    [
        ("zombie", "one transactional.id"),
        ("unclean-election", "unclean election on"),
        ("late-end", "transaction.version=1"),
    ],
)
def test_a_cluster_known_by_its_address_shows_the_same(
    name: str, configuration: str, lasting: Cluster
) -> None:
    """Brokers are killed by somebody else's command, features set by request; afterwards all is as before."""

    @contextmanager
    def opened(one: Run) -> Iterator[Target]:
        def kill(broker: int) -> None:
            lasting.broker(broker).kill()

        def start(broker: int) -> None:
            lasting.broker(broker).start()

        features = dict(one.configuration.features)
        with external(lasting.bootstrap_servers, 3, features, kill, start) as target:
            yield target

    one = scenario(name)
    result = run_one(Run(one, one.configuration(configuration), 1), opened)
    assert result.mark is Mark.PASS, result.why
    assert all(broker.is_alive for broker in lasting.brokers)


def test_a_scenario_that_needs_more_is_skipped_by_name(lasting: Cluster) -> None:
    """A cluster without levers is not blamed."""

    @contextmanager
    def opened(one: Run) -> Iterator[Target]:
        with external(lasting.bootstrap_servers, one.scenario.brokers, {}, None, None) as target:
            yield target

    for name in ("lost-response", "unclean-election"):
        one = scenario(name)
        result = run_one(Run(one, one.configurations[0], 1), opened)
        assert result.mark is Mark.SKIPPED
        assert "has no lever for" in result.why


@pytest.mark.parametrize(("habit", "status"), [("transactions", 0), ("no transactions", 1)])
def test_a_program_of_ones_own_is_judged(habit: str, status: int, tmp_path: Path) -> None:
    """Killed and started again in its work: exactly once with transactions, some twice without, and the ledger, which
    is told where its ids are, knows of each."""
    program = Path(__file__).with_name("own_program.py")
    schedule = tmp_path / "schedule.toml"
    schedule.write_text('[[strike]]\nafter = 10\ndo = "kill-program"\n')
    words = ["--schedule", str(schedule), "--records", "60", "--id", "header:id", "--out", str(tmp_path)]
    assert main(["lab", "run", *words, "--", sys.executable, str(program), habit]) == status
    report = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert ("duplicated" in report) is (status == 1)
    (run,) = json.loads((tmp_path / "verdict.json").read_text(encoding="utf-8"))["runs"]
    assert run["containment"]["violations"] == []
    assert run["containment"]["both"] == run["shown"].get("duplicated", 0)
    assert all(one["certain"] for one in run["ledger"]["findings"])
