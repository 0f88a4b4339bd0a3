"""docs/learn/lab and docs/reference/claims.md against the scenarios they tell of."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from types import ModuleType

from minikafka.lab.scenarios import all_scenarios

ROOT = Path(__file__).resolve().parents[2]


def load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, ROOT / "tools" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


lab_page = load("lab_page")


def test_the_pages_are_fresh() -> None:
    """After a scenario changed: python tools/lab_page.py."""
    assert lab_page.main(["--check"]) == 0


def test_every_configuration_was_run_for_its_page_and_passed() -> None:
    """After a scenario came or a configuration was renamed: python tools/lab_pictures.py SCENARIO."""
    seen = json.loads(lab_page.RUNS.read_text(encoding="utf-8"))
    wanted = {f"{one.name}/{each.name}" for one in all_scenarios() for each in one.configurations}
    assert wanted == set(seen)
    assert {told["verdict"] for told in seen.values()} == {"PASS"}


def test_every_scenario_has_its_pictures() -> None:
    """One per side it has."""
    for one in all_scenarios():
        for side in {each.side for each in one.configurations}:
            assert (lab_page.FOLDER / f"{one.name}-{side}.svg").exists(), one.name
