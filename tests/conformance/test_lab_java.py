"""The lab's scenarios on Apache Kafka's own client, where the claim is about its interface: one seed of each.

MINIKAFKA_LAB_SEEDS (`make nightly`): so many seeds, and those configurations too that `make test` has no time for.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

import pytest
from minikafka.lab.clients.java import CLASSPATH, java_absence
from minikafka.lab.result import Mark, Result
from minikafka.lab.runner import plan, run_all
from minikafka.lab.scenario import Client
from minikafka.lab.scenarios import all_scenarios, scenario

from conformance import build
from conformance.paths import JVM_LIBRARIES

SEEDS = range(1, 1 + int(os.environ.get("MINIKAFKA_LAB_SEEDS", "1")))
IN_ANY_CASE = frozenset(
    {
        "Java: send(record)",
        "Java: send(record, callback)",
        "Java: auto-commit, killed in the loop",
        "Java: auto-commit, the loop throws",
        "Java: auto-commit, KIP-848, killed in the loop",
        "Java: commitSync() after processing",
        "Java: commitSync() after the transaction",
        "Java: sendOffsetsToTransaction, dies after the commit",
        "Java: the article's listing",
    }
)
"""Every claim that is about Java, its bad side and its good one."""
WANTED = [
    one
    for one in plan(all_scenarios(), SEEDS, client=Client.JAVA)
    if len(SEEDS) > 1 or one.configuration.name in IN_ANY_CASE
]


@pytest.fixture(autouse=True)
def jars(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where kafka-clients is; skips by name without Java, fails where MINIKAFKA_REQUIRE asks for it."""
    if not build.is_available("java"):
        pytest.skip(f"the Java client needs {', '.join(build.COMMANDS['java'])} on PATH")
    build.build("java")
    monkeypatch.setenv(CLASSPATH, f"{JVM_LIBRARIES}/*")


@cache
def results() -> Mapping[tuple[str, str], list[Result]]:
    """All that are wanted, side by side, when the first is asked for."""
    found: dict[tuple[str, str], list[Result]] = {}
    for one in run_all(WANTED):
        found.setdefault((one.scenario.name, one.configuration.name), []).append(one.thinned())
    return MappingProxyType(found)


@pytest.mark.timeout(300 * len(SEEDS))
@pytest.mark.parametrize(
    ("name", "configuration"),
    [(one.scenario.name, one.configuration.name) for one in WANTED if one.seed == 1],
)
def test_a_claim_about_java_shows(name: str, configuration: str) -> None:
    """What the configuration says it shows is what is shown, for clients and in the ledger."""
    wrong = [one for one in results()[name, configuration] if one.mark is not Mark.PASS]
    assert not wrong, "\n\n".join(f"{one.mark}: {one.why}\n{one.command}\n{one.story()}" for one in wrong)


def test_jars_without_the_client_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """What javac says is passed on, with the variable that is wrong."""
    monkeypatch.setenv(CLASSPATH, "/nowhere/*")
    assert java_absence() == ""
    (one,) = run_all(plan([scenario("too-large")], [1], "Java: send(record)"))
    assert one.mark is Mark.FAIL
    assert f"javac with {CLASSPATH}=/nowhere/*" in one.why
