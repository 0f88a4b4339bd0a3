"""docs/reference/faults.md against the code: fresh, and each example means the same as Python and as JSON."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from minikafka.faults.plain import from_json, to_json
from minikafka.faults.rule import Rule
from minikafka.testing.faults import Faults

ROOT = Path(__file__).resolve().parents[2]


def load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, ROOT / "tools" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


faults_page = load("faults_page")


class Recorded(Faults):
    """Keeps the rules instead of adding them."""

    def __init__(self) -> None:
        self.rules: list[Rule] = []

    def _add(self, rule: Rule, call: Any = None) -> Any:
        self.rules.append(rule)


def test_the_page_of_faults_is_fresh() -> None:
    """After a fault came, went or changed: python tools/faults_page.py."""
    assert faults_page.main(["--check"]) == 0


@pytest.mark.parametrize("rule", faults_page.EXAMPLES, ids=lambda rule: type(rule.then).__name__)
def test_an_example_means_the_same_as_python_and_as_json(rule: Rule) -> None:
    """What is pasted from the page is that rule."""
    recorded = Recorded()
    eval(faults_page.python_of(rule), {"kafka": SimpleNamespace(faults=recorded)})
    assert recorded.rules == [rule]
    assert from_json(to_json(rule)) == rule


def test_every_fault_has_an_example() -> None:
    """None is left out of the page."""
    named = re.findall(r"^### `(\w+)`", faults_page.page(), re.MULTILINE)
    assert sorted(named) == sorted(faults_page.ACTIONS)
