"""The Java client of the lab: what is said where it cannot run, and how its programs are told."""

from __future__ import annotations

from pathlib import Path

import pytest
from minikafka.cli.main import main
from minikafka.lab.clients.java import CLASSPATH, SOURCES, arguments, java_absence
from minikafka.lab.promise import promise
from minikafka.lab.result import Mark
from minikafka.lab.runner import Run, plan, run_one
from minikafka.lab.scenario import Client, Configuration
from minikafka.lab.scenarios import all_scenarios, scenario


def test_options_are_told_as_words() -> None:
    """A mapping as one word a key, a list with commas, truth in lower case."""
    given = {"work": "produce", "ids": ["a", "b"], "flush": True, "after": 3, "settings": {"acks": "all"}}
    assert arguments(given) == ["work=produce", "ids=a,b", "flush=true", "after=3", "settings.acks=all"]


def test_the_sources_are_where_a_wheel_has_them() -> None:
    """Beside the module, one of them with the entry point."""
    assert (SOURCES / "LabApp.java").is_file()


def test_without_a_jdk_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both commands by name."""
    monkeypatch.setenv("PATH", "")
    assert "java and javac not on PATH" in java_absence()


def test_a_configuration_that_needs_java_is_skipped_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """Never silently, and before any broker starts."""
    monkeypatch.delenv(CLASSPATH, raising=False)
    one = scenario("auto-commit")

    def opener(run: Run) -> object:
        raise AssertionError("nothing is to be opened")

    for each in (each for each in one.configurations if each.client is Client.JAVA):
        result = run_one(Run(one, each, 1), opener)  # type: ignore[arg-type]
        assert result.mark is Mark.SKIPPED
        assert "the Java client needs" in result.why


def test_a_client_chooses_configurations() -> None:
    """Those of Java are the others of confluent-kafka."""
    java = plan(all_scenarios(), [1], client=Client.JAVA)
    confluent = plan(all_scenarios(), [1], client=Client.CONFLUENT)
    assert {one.configuration.client for one in java} == {Client.JAVA}
    assert len(java) + len(confluent) == len(plan(all_scenarios(), [1]))


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--all", "--client", "jave"], "did you mean java?"),
        (["--all", "--client", "java"], CLASSPATH),
        (["min-isr", "--client", "confluent-kafka", "--", "./app"], "yours stands behind --"),
    ],
)
def test_a_client_that_cannot_be_is_told(
    words: list[str],
    told: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    """Usage: an unknown one, one that is not here, one for a program of one's own."""
    monkeypatch.delenv(CLASSPATH, raising=False)
    for command in ("java", "javac"):
        (tmp_path / command).touch(mode=0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert main(["lab", "run", *words]) == 2
    assert told in capsys.readouterr().err


def test_a_scenario_without_that_client_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """Nothing to run is a mistake, not a success."""
    monkeypatch.setenv(CLASSPATH, "jars/*")
    for command in ("java", "javac"):
        (tmp_path / command).touch(mode=0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert main(["lab", "run", "min-isr", "--client", "java"]) == 2
    assert "min-isr: no configuration uses the client java" in capsys.readouterr().err


def test_javas_producers_are_idempotent_by_default() -> None:
    """KIP-679; librdkafka's are not."""
    assert promise(Configuration(name="", client=Client.JAVA), []).idempotent
    assert not promise(Configuration(name=""), []).idempotent
    assert not promise(
        Configuration(name="", client=Client.JAVA, producer={"enable.idempotence": False}), []
    ).idempotent
