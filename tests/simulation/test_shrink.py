"""A failing run is told in one command, and made smaller; what is written is read back."""

from __future__ import annotations

import shlex

import pytest
from minikafka.cli.main import main
from minikafka.errors import ConfigError
from minikafka.sim import nemesis, schedule, swarm
from minikafka.sim.case import Case
from minikafka.sim.schedule import Strike
from minikafka.sim.shrink import kind_of, shrink

PLANT = "high-watermark-of-the-leader-alone"


def load(case: Case) -> int:
    return case.settings.producers * case.settings.records


def test_a_failing_run_is_made_smaller_and_fails_in_the_same_way() -> None:
    """Fewer strikes, less load, and the same kind of violation; the smaller run is as repeatable as any."""
    case = Case.of(1, plant=PLANT)
    kinds = {kind_of(violation) for violation in case.run().violations}
    smaller = shrink(case)
    assert len(smaller.strikes) < len(case.strikes)
    assert load(smaller) < load(case)
    assert kinds & {kind_of(violation) for violation in smaller.run().violations}
    assert smaller.run() == smaller.run()


def test_a_run_that_keeps_its_promises_is_left_as_it_is() -> None:
    """There is nothing to keep failing."""
    case = Case.of(1)
    assert shrink(case) == case


def test_the_command_of_a_case_repeats_it(capsys: pytest.CaptureFixture[str]) -> None:
    """Settings, schedule and planted bug that differ from the seed's are in it; exit status 1 says that it failed."""
    case = Case.of(1, plant=PLANT)
    settings = case.settings.with_changes({"records": "10", "producers": "1"})
    case = case._replace(settings=settings, strikes=case.strikes[:1])
    assert main(shlex.split(case.command)[1:]) == 1
    assert case.run().violations[0] in capsys.readouterr().out


def test_a_schedule_is_read_as_it_was_written() -> None:
    """Every misfortune by its name, overlapping or not."""
    strikes = [Strike(name, 1, 2, 30, 40, together) for name in nemesis.BY_NAME for together in (False, True)]
    assert schedule.read(schedule.written(strikes)) == strikes


@pytest.mark.parametrize("text", ["kill", "kill:1", "kill:x@1+2", "kill:1@1"])
def test_a_strike_that_is_none_is_refused(text: str) -> None:
    """ConfigError, which says the form."""
    with pytest.raises(ConfigError, match="QUIET_MS"):
        schedule.read(text)


@pytest.mark.parametrize("strike", [Strike("flood", 1, 2, 3, 4), Strike("kill", 7, 2, 3, 4)])
def test_a_misfortune_or_broker_that_is_not_there_is_refused(strike: Strike) -> None:
    """Before anything runs."""
    with pytest.raises(ConfigError):
        Case.of(1, strikes=[strike])


@pytest.mark.parametrize("words", [{"flavour": "1"}, {"records": "many"}, {"misfortunes": "flood"}])
def test_a_setting_that_is_none_is_refused(words: dict[str, str]) -> None:
    """ConfigError, not a world other than the one asked for."""
    with pytest.raises(ConfigError):
        swarm.draw(1).with_changes(words)
