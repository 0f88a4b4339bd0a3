"""Write docs/reference/rules-shown.md from what a test run saw: rule, test, result; and the events each rule shows in.

    python -m pytest --junitxml=.cache/run.xml ...
    python tools/rules_shown.py .cache/run.xml [more.xml ...]            # write the page
    python tools/rules_shown.py --print .cache/run.xml                   # print what is missing, write nothing

Status 1 when a rule of L, F, R, D, I, T or G has no test that passed, has one that failed, or shows in no trace event.
"""

from __future__ import annotations

import argparse
import sys
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parent))

import events_page
import rules_table

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "reference" / "rules-shown.md"
SECTIONS = "LFRDITG"
"""Of the rules that must be shown; the others are not all built (docs/reference/divergences.md)."""
NOT_OURS = {
    "I12": "what clients keep to, so that I3 can hold; a broker cannot see it",
    "T16": "an API version that is not advertised: nothing happens",
}
"""Rules that no event can show, and why. Their tests are held to all the same, but for what only clients do."""
CLIENTS_ONLY = frozenset({"I12"})

INTRODUCTION = """# Which rule was shown, and how it went

Written by `make nightly` from its test run. A test shows the rule its name begins with; parametrised cases are counted.
Where this broker differs from Kafka on purpose, [divergences](divergences.md) says so and why; the kinds of events are
explained in [trace events](events.md).
"""


class Result(NamedTuple):
    """How the cases of one test went."""

    passed: int
    failed: int
    skipped: int

    def __str__(self) -> str:
        counts = zip(("passed", "failed", "skipped"), self, strict=True)
        return ", ".join(f"{count} {what}" for what, count in counts if count) or "not run"


def results(reports: Iterable[Path]) -> dict[str, Result]:
    """Test (as the rules table names it, without parameters) -> its cases, over all JUnit reports."""
    counted: dict[str, Counter[str]] = {}
    for report in reports:
        for case in ET.parse(report).getroot().iter("testcase"):
            name = case.get("name", "").partition("[")[0]
            test = f"{case.get('classname', '').replace('.', '/')}.py::{name}"
            kinds = {child.tag for child in case}
            how = "failed" if kinds & {"failure", "error"} else "skipped" if "skipped" in kinds else "passed"
            counted.setdefault(test, Counter())[how] += 1
    return {test: Result(how["passed"], how["failed"], how["skipped"]) for test, how in counted.items()}


def problems(
    rules: list[str], tests: dict[str, list[str]], went: dict[str, Result], told: set[str]
) -> list[str]:
    """What is not shown, in words."""
    found = []
    for rule in rules:
        if rule[0] not in SECTIONS:
            continue
        own = [went.get(test, Result(0, 0, 0)) for test in tests[rule]]
        if rule not in CLIENTS_ONLY and not any(one.passed for one in own):
            found.append(f"{rule}: no test of it passed")
        if any(one.failed for one in own):
            found.append(f"{rule}: a test of it failed")
        if rule not in told and rule not in NOT_OURS:
            found.append(f"{rule}: no event shows it")
    return found


def page(
    rules: list[str], tests: dict[str, list[str]], went: dict[str, Result], told: dict[str, list[str]]
) -> str:
    """The whole page."""
    lines = [INTRODUCTION, "| rule | test | result |", "| --- | --- | --- |"]
    for rule in rules:
        lines += [f"| {rule} | `{test}` | {went.get(test, 'not run')} |" for test in tests[rule]]
        if not tests[rule]:
            lines.append(f"| {rule} | none | |")
    lines += ["", "## Where each rule shows in the trace", "", "| rule | events |", "| --- | --- |"]
    lines += [
        f"| {rule} | {', '.join(f'`{kind}`' for kind in told.get(rule, [])) or NOT_OURS.get(rule, 'none')} |"
        for rule in rules
    ]
    return "\n".join(lines) + "\n"


def main(arguments: list[str] | None = None) -> int:
    """Returns the process status."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("reports", nargs="+", type=Path, help="JUnit XML of test runs")
    parser.add_argument("--print", action="store_true", help="only print what is missing")
    options = parser.parse_args(arguments)
    rules = rules_table.rules(rules_table.PAGE.read_text(encoding="utf-8"))
    shown = rules_table.shown(rules_table.TESTS, rules_table.ROOT)
    tests = {rule: sorted(one.test for one in shown if one.rule == rule) for rule in rules}
    events = events_page.told(events_page.PACKAGE)
    told = {rule: sorted({event.kind for event in events if event.rule == rule}) for rule in rules}
    went = results(options.reports)
    if not options.print:
        PAGE.write_text(page(rules, tests, went, told), encoding="utf-8")
    missing = problems(rules, tests, went, {rule for rule, kinds in told.items() if kinds})
    print("\n".join(missing) or f"every rule of {SECTIONS} is shown by a test that passed and by an event")
    return int(bool(missing))


if __name__ == "__main__":
    sys.exit(main())
