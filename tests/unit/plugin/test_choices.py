"""Which choice wins: marker, command line, environment, ini file."""

from __future__ import annotations

import pytest
from minikafka.pytest_plugin.choices import Chosen, chosen
from minikafka.pytest_plugin.options import OPTIONS


@pytest.fixture(autouse=True)
def nothing_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    """What whoever runs this suite has chosen is not looked at."""
    for option in OPTIONS:
        monkeypatch.delenv(option.variable, raising=False)


def choices(pytester: pytest.Pytester, *arguments: str) -> Chosen:
    return chosen(pytester.parseconfig("-p", "no:cacheprovider", *arguments))


def test_nothing_is_chosen_by_default(pytester: pytest.Pytester) -> None:
    """Every choice is open."""
    assert choices(pytester) == Chosen(None, {}, None, None, None)


def test_the_command_line_beats_the_environment_and_that_the_ini_file(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each source in turn, weakest first."""
    pytester.makeini("[pytest]\nminikafka_brokers = 2\nminikafka_mode = process\nminikafka_trace = here\n")
    assert choices(pytester)[2:] == (2, "process", "here")
    monkeypatch.setenv("MINIKAFKA_BROKERS", "3")
    assert choices(pytester).brokers == 3
    assert choices(pytester, "--minikafka-brokers=4", "--minikafka-mode=thread")[2:] == (4, "thread", "here")


def test_settings_are_merged_name_by_name(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stronger source replaces the settings it names and leaves the others; a value may hold commas."""
    pytester.makeini("[pytest]\nminikafka_config =\n  a.one=ini\n  b.two=ini\n")
    monkeypatch.setenv("MINIKAFKA_CONFIG", "b.two=env,c.three=x,y")
    found = choices(pytester, "--minikafka-config=d.four=line", "--minikafka-config", "b.two=line").config
    assert found == {"a.one": "ini", "b.two": "line", "c.three": "x,y", "d.four": "line"}


@pytest.mark.parametrize(
    ("argument", "told"),
    [
        ("--minikafka-brokers=none", "--minikafka-brokers: 'none' is not a number of brokers"),
        ("--minikafka-brokers=0", "'0' is not a number of brokers, 1 or more"),
        ("--minikafka-mode=fork", "--minikafka-mode: 'fork' is none of thread, process"),
        ("--minikafka-config=retries", "--minikafka-config: 'retries' is not KEY=VALUE"),
    ],
)
def test_what_cannot_be_meant_is_told_with_where_it_stands(
    pytester: pytest.Pytester, argument: str, told: str
) -> None:
    """A usage error, before any test runs."""
    with pytest.raises(pytest.UsageError, match=told):
        choices(pytester, argument)
