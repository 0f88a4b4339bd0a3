"""What goes wrong while a program works, and when: after so many records have come out of it.

    [[strike]]
    after = 100              # records in the output topic
    do = "lose-leader"

Scenarios that are about the same misfortune have a schedule of their name; a file has any other (`--schedule FILE`,
TOML).
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final

from minikafka.errors import ConfigError
from minikafka.lab.scenario import nearest

VERBS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "kill-program": "the program dies (SIGKILL) and is started again",
        "kill-leader": "the output's leader dies (kill -9)",
        "lose-leader": "the output's leader is cut off from its followers, takes more, and dies: acks=1 loses that",
        "drop-responses": "the answers to the next three Produce requests are lost, after the append",
        "refuse-produce": "the next three Produce requests are refused, with NOT_ENOUGH_REPLICAS",
        "power-loss": "every broker loses power at once, and starts again",
        "mend": "dead brokers are started, cuts are healed",
    }
)
"""Everything that a strike can do."""
MAX_STRIKES: Final = 1_000


@dataclass(frozen=True, slots=True)
class Strike:
    """after: records in the output topic by then."""

    after: int
    do: str


def schedule_of(scenario: str, records: int) -> list[Strike]:
    """A scenario's own, over so many records. Raises ConfigError with those that have one."""
    if scenario not in OF_SCENARIOS:
        known = sorted(OF_SCENARIOS)
        raise ConfigError(
            f"scenario {scenario!r} has no schedule for a program of your own{nearest(scenario, known)}; "
            "or write one (--schedule FILE)"
        )
    verbs = OF_SCENARIOS[scenario]
    return [Strike(records * (number + 1) // (len(verbs) + 1), verb) for number, verb in enumerate(verbs)]


OF_SCENARIOS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "acks-leader-killed": ("lose-leader", "mend"),
        "lost-response": ("drop-responses", "drop-responses"),
        "no-retries": ("refuse-produce", "refuse-produce"),
        "page-cache": ("power-loss",),
        "auto-commit": ("kill-program", "kill-program"),
        "commit-after": ("kill-program", "kill-program"),
        "exactly-once-copy": ("kill-program", "kill-leader", "mend", "kill-program"),
    }
)
"""Strikes of a scenario, spread evenly."""


def read_schedule(path: Path) -> list[Strike]:
    """A schedule file. Raises ConfigError that says what is wrong in it."""
    try:
        given = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: {error}") from error
    unknown = sorted(set(given) - {"strike"})
    strikes = given.get("strike")
    if unknown or not isinstance(strikes, list) or not 1 <= len(strikes) <= MAX_STRIKES:
        raise ConfigError(
            f"{path}: a schedule is a list of [[strike]], 1 to {MAX_STRIKES} of them, and nothing else"
        )
    return sorted((_strike(path, one) for one in strikes), key=lambda one: one.after)


def _strike(path: Path, given: object) -> Strike:
    fields = given if isinstance(given, dict) else {}
    unknown = sorted(set(fields) - {"after", "do"})
    if unknown:
        raise ConfigError(f"{path}: a strike has no {unknown[0]!r}{nearest(unknown[0], ['after', 'do'])}")
    after, verb = fields.get("after"), fields.get("do")
    if not isinstance(after, int) or isinstance(after, bool) or after < 0:
        raise ConfigError(f"{path}: after = {after!r}, which is no number of records")
    if not isinstance(verb, str) or verb not in VERBS:
        raise ConfigError(f"{path}: do = {verb!r}{nearest(str(verb), list(VERBS))}")
    return Strike(after, verb)
