"""What a run of the lab leaves behind: `verdict.json`, `junit.xml`, `history.jsonl` and `report.html` in one folder."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from minikafka.checker.verdict import Json
from minikafka.errors import ConfigError
from minikafka.lab.report.junit import junit
from minikafka.lab.report.page import page
from minikafka.lab.result import Mark, Result

SCHEMA = 1
"""Of verdict.json; a reader that knows another one should not guess."""


def write_all(results: Sequence[Result], folder: Path, seconds: float = 0.0) -> Path:
    """Write every file; returns the path of the report. seconds: that all of it took; 0 for not known.

    Raises ConfigError when the folder cannot be written.
    """
    ordered = in_order(results)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "verdict.json").write_text(json.dumps(verdict(ordered), indent=1) + "\n", encoding="utf-8")
        (folder / "report.html").write_text(page(ordered, seconds), encoding="utf-8")
        (folder / "junit.xml").write_text(junit(ordered), encoding="utf-8")
        with (folder / "history.jsonl").open("w", encoding="utf-8") as history:
            for one in ordered:
                for operation in one.history:
                    line = {"run": one.name, **operation.as_dict()}
                    history.write(json.dumps(line, separators=(",", ":")) + "\n")
    except OSError as error:
        raise ConfigError(f"the report cannot be written to {folder}: {error.strerror}") from error
    return folder / "report.html"


def in_order(results: Sequence[Result]) -> list[Result]:
    """Of the scenarios, of each one's configurations, of seeds: results come as they are done."""
    from minikafka.lab.scenarios import all_scenarios

    places = {
        (scenario.name, configuration.name): (number, position)
        for number, scenario in enumerate(all_scenarios())
        for position, configuration in enumerate(scenario.configurations)
    }
    last = (len(places), 0)
    return sorted(
        results, key=lambda one: (*places.get((one.scenario.name, one.configuration.name), last), one.seed)
    )


def verdict(results: Sequence[Result]) -> dict[str, Json]:
    """verdict.json."""
    counts = Counter(str(one.mark) for one in results)
    return {
        "schema": SCHEMA,
        "passed": all(one.mark in {Mark.PASS, Mark.SKIPPED} for one in results),
        "counts": {str(mark): counts[mark] for mark in Mark},
        "runs": [one.as_dict() for one in results],
    }
