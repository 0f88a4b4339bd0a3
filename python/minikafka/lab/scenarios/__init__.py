"""The scenarios, by name, in the order of the claims they try. Each is a file that says what it teaches first."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import Final

from minikafka.errors import ConfigError
from minikafka.lab.scenario import Scenario, nearest

NAMES: Final = (
    "exit_without_flush",
    "acks_zero",
    "no_retries",
    "too_large",
    "acks_leader_killed",
    "lost_response",
    "reordered",
    "min_isr",
    "unclean_election",
    "page_cache",
    "auto_commit",
    "commit_after",
    "sequence_window",
    "new_session",
    "transactions",
    "zombie",
    "isolation",
    "exactly_once_copy",
    "late_end",
    "hanging_transaction",
    "throughput",
)


@cache
def all_scenarios() -> tuple[Scenario, ...]:
    """In the order of the claims."""
    found: list[Scenario] = []
    for name in NAMES:
        scenario = import_module(f"{__name__}.{name}").SCENARIO
        assert isinstance(scenario, Scenario)
        found.append(scenario)
    return tuple(found)


def scenario(name: str) -> Scenario:
    """By name. Raises ConfigError with the nearest one."""
    known = {one.name: one for one in all_scenarios()}
    if name not in known:
        raise ConfigError(f"there is no scenario {name!r}{nearest(name, list(known))}")
    return known[name]
