"""What all scenarios have in common."""

from __future__ import annotations

import pytest
from minikafka.errors import ConfigError
from minikafka.lab.scenario import Scenario
from minikafka.lab.scenarios import all_scenarios, scenario

EVERY = [pytest.param(one, id=one.name) for one in all_scenarios()]


def test_names_are_unique() -> None:
    """A name finds one scenario."""
    names = [one.name for one in all_scenarios()]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("one", EVERY)
def test_a_scenario_says_what_it_is_about(one: Scenario) -> None:
    """A claim, the truth in a sentence, and a lesson of more than one."""
    assert one.title
    assert one.claim
    assert one.truth
    assert one.article.split()[0].strip(";,:") in {"right", "imprecise", "incomplete", "out"}
    assert len(one.lesson.splitlines()) > 3


@pytest.mark.parametrize("one", EVERY)
def test_a_scenario_has_a_good_configuration_and_different_names(one: Scenario) -> None:
    """Whatever goes wrong, there is a way in which it does not."""
    assert any(each.is_good for each in one.configurations)
    assert len(set(one.names)) == len(one.names)


def test_an_unknown_name_is_told_with_the_nearest_one() -> None:
    """A typo is no riddle."""
    with pytest.raises(ConfigError, match="did you mean acks-leader-killed"):
        scenario("acks-leader-kiled")
    with pytest.raises(ConfigError, match="did you mean acks=1"):
        scenario("acks-leader-killed").configuration("ack=1")
