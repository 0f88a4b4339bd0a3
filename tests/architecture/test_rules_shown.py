"""The page that says which rule was shown is written from what a run saw, and notices what was not."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).resolve().parents[2]


def load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, ROOT / "tools" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


rules_shown = load("rules_shown")

REPORT = """<testsuites><testsuite>
<testcase classname="tests.unit.test_some" name="test_i3_again[1]"/>
<testcase classname="tests.unit.test_some" name="test_i3_again[2]"><failure/></testcase>
<testcase classname="tests.unit.test_some" name="test_l1_shape"/>
<testcase classname="tests.unit.test_some" name="test_f1_java"><skipped/></testcase>
</testsuite></testsuites>"""


def test_cases_are_counted_by_test(tmp_path: Path) -> None:
    """Parameters are left out, so a row is one test."""
    report = tmp_path / "run.xml"
    report.write_text(REPORT)
    went = rules_shown.results([report])
    assert {test: str(result) for test, result in went.items()} == {
        "tests/unit/test_some.py::test_i3_again": "1 passed, 1 failed",
        "tests/unit/test_some.py::test_l1_shape": "1 passed",
        "tests/unit/test_some.py::test_f1_java": "1 skipped",
    }


def test_what_is_not_shown_is_a_problem(tmp_path: Path) -> None:
    """A failure, a test that did not run, a rule that no event cites; share groups are not held to it."""
    report = tmp_path / "run.xml"
    report.write_text(REPORT)
    own = {
        name: [f"tests/unit/test_some.py::test_{name.lower()}_{of}"]
        for name, of in (("I3", "again"), ("L1", "shape"))
    }
    own |= {"F1": ["tests/unit/test_some.py::test_f1_java"], "S1": []}
    assert rules_shown.problems(
        ["L1", "F1", "I3", "S1"], own, rules_shown.results([report]), {"L1", "I3"}
    ) == [
        "F1: no test of it passed",
        "F1: no event shows it",
        "I3: a test of it failed",
    ]
