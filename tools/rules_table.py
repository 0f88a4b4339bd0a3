"""Fill in which tests show which rule, at the end of docs/reference/rules.md.

    python tools/rules_table.py            # rewrite the block
    python tools/rules_table.py --check    # write nothing; status 1 if it is stale

A test shows the rule whose id its name begins with: `test_i3_duplicate_...`, or several, `test_r15_r16_...`. The rules
are those with a heading on the page, so a rule nobody tests has a row that says so, and a test named after a rule that
is not there is an error. One row per test: two people who each add one seldom touch the same line.
"""

from __future__ import annotations

import argparse
import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "reference" / "rules.md"
TESTS = ROOT / "tests"

BEGIN = "<!-- tests by rule: written by tools/rules_table.py -->"
END = "<!-- end of tests by rule -->"
HEADING = re.compile(r"^### ([A-Z]\d+)\. ", re.MULTILINE)
TEST_NAME = re.compile(r"test_((?:[lfrditgscq]\d+_)+)")
NOT_TESTED = "none"


class Shown(NamedTuple):
    """One test of one rule; `test` is what pytest takes as an argument."""

    rule: str
    test: str


def rules(page: str) -> list[str]:
    """Ids with a heading, in the page's order. Raises ValueError when one is there twice."""
    found = HEADING.findall(page)
    twice = sorted({rule for rule in found if found.count(rule) > 1})
    if twice:
        raise ValueError(f"rules with two headings: {', '.join(twice)}")
    return found


def shown(tests: Path, root: Path) -> list[Shown]:
    """Every test below `tests` that is named after a rule, by file, then in the file's order."""
    found = []
    for path in sorted(tests.rglob("test_*.py")):
        for name in _functions(ast.parse(path.read_text(encoding="utf-8"))):
            match = TEST_NAME.match(name.rsplit("::", 1)[-1])
            if match:
                test = f"{path.relative_to(root).as_posix()}::{name}"
                found += [Shown(rule.upper(), test) for rule in match.group(1).split("_") if rule]
    return found


def _functions(scope: ast.Module | ast.ClassDef, prefix: str = "") -> Iterator[str]:
    for node in scope.body:
        if isinstance(node, ast.ClassDef):
            yield from _functions(node, f"{prefix}{node.name}::")
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield f"{prefix}{node.name}"


def block(ids: list[str], tests: list[Shown]) -> str:
    """The generated block, markers included. Raises ValueError for a test of a rule that is not among `ids`."""
    strangers = [one.test for one in tests if one.rule not in ids]
    if strangers:
        raise ValueError(f"named after a rule the page does not have: {', '.join(strangers)}")
    rows = ["| rule | test |", "| --- | --- |"]
    for rule in ids:
        own = sorted(one.test for one in tests if one.rule == rule)
        rows += [f"| {rule} | `{test}` |" for test in own] or [f"| {rule} | {NOT_TESTED} |"]
    return "\n".join([BEGIN, "", *rows, "", END])


def refreshed(page: str, tests: list[Shown]) -> str:
    """The page with its block as it should be. Raises ValueError when the markers are missing, and as `block`."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError("the markers of the generated block are gone")
    return before + block(rules(before + after), tests) + after


def main(arguments: list[str] | None = None) -> int:
    """Returns the process status."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--check", action="store_true", help="only say whether the block is fresh")
    options = parser.parse_args(arguments)
    page = PAGE.read_text(encoding="utf-8")
    try:
        fresh = refreshed(page, shown(TESTS, ROOT))
    except ValueError as problem:
        print(f"{PAGE.relative_to(ROOT)}: {problem}", file=sys.stderr)
        return 1
    if options.check:
        if fresh != page:
            print(f"stale: {PAGE.relative_to(ROOT)}; run python tools/rules_table.py", file=sys.stderr)
        return int(fresh != page)
    PAGE.write_text(fresh, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
