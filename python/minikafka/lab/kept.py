"""What an earlier run left behind, read again: its table, and how it differs from another's.

Two runs are compared by what they *showed*, not by how often: kinds of anomalies, verdicts, notes. So a run on
minikafka and one on Apache Kafka, or one before and one after a change, can be laid side by side.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Final, NamedTuple

from minikafka.errors import ConfigError
from minikafka.lab.report import SCHEMA
from minikafka.lab.report.rates import RATE

MEASURED: Final = frozenset({RATE})
"""Notes that are never twice the same."""


class Kept(NamedTuple):
    """One run, as verdict.json has it. shown: anomaly -> how many."""

    name: str
    side: str
    verdict: str
    why: str
    must_show: tuple[str, ...]
    shown: Mapping[str, int]
    notes: Mapping[str, str]

    @property
    def seen(self) -> str:
        """`3 lost, 1 torn`, or `nothing`."""
        return (
            ", ".join(f"{count} {kind.replace('_', ' ')}" for kind, count in self.shown.items()) or "nothing"
        )


class Difference(NamedTuple):
    """Of one run, in one respect."""

    name: str
    what: str
    one: str
    other: str


def read_kept(place: Path) -> dict[str, Kept]:
    """The runs of a report's folder, or of a verdict.json, by name. Raises ConfigError for what is neither."""
    path = place / "verdict.json" if place.is_dir() else place
    try:
        given = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from error
    except ValueError as error:
        raise ConfigError(f"{path} is not JSON: {error}") from error
    if not isinstance(given, dict) or given.get("schema") != SCHEMA:
        raise ConfigError(f"{path} is no verdict.json of the lab (schema {SCHEMA})")
    try:
        runs = [
            Kept(
                f"{one['scenario']}/{one['configuration']}/{one['seed']}",
                one["side"],
                one["verdict"],
                one["why"],
                tuple(one["must_show"]),
                dict(one["shown"]),
                dict(one["notes"]),
            )
            for one in given["runs"]
        ]
    except (KeyError, TypeError) as error:
        raise ConfigError(f"{path} lacks what a verdict.json has: {error}") from error
    return {one.name: one for one in runs}


def compare(one: Mapping[str, Kept], other: Mapping[str, Kept]) -> list[Difference]:
    """Where two reports differ; runs that only one has are differences too. Those skipped in either are not."""
    found: list[Difference] = []
    for name in dict.fromkeys([*one, *other]):
        mine, theirs = one.get(name), other.get(name)
        if mine is None or theirs is None:
            found.append(Difference(name, "run", "yes" if mine else "no", "yes" if theirs else "no"))
        elif "SKIPPED" not in {mine.verdict, theirs.verdict}:
            found += _between(mine, theirs)
    return found


def _between(mine: Kept, theirs: Kept) -> list[Difference]:
    pairs = [
        ("verdict", mine.verdict, theirs.verdict),
        ("shown", _kinds(mine), _kinds(theirs)),
        *(
            (note, mine.notes.get(note, ""), theirs.notes.get(note, ""))
            for note in dict.fromkeys([*mine.notes, *theirs.notes])
            if note not in MEASURED
        ),
    ]
    return [Difference(mine.name, what, first, second) for what, first, second in pairs if first != second]


def _kinds(one: Kept) -> str:
    return ", ".join(sorted(one.shown)) or "nothing"
