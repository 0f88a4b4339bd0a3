"""docs/reference/rules.md against the tests and files it speaks of."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
SOURCES = (ROOT / "python" / "minikafka", ROOT)


def load(path: Path) -> ModuleType:
    """A script that is in no package."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


rules_table = load(ROOT / "tools" / "rules_table.py")


def test_the_table_of_tests_by_rule_is_fresh() -> None:
    """After a test named after a rule came, went or moved: python tools/rules_table.py."""
    assert rules_table.main(["--check"]) == 0


def test_a_stale_table_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A test that came, and nobody ran the script; running it is the cure."""
    page = tmp_path / "rules.md"
    page.write_text(
        f"### I3. Duplicate\n\n### R15. Unclean\n\n{rules_table.BEGIN}\n{rules_table.END}\nafter\n"
    )
    (tmp_path / "test_some.py").write_text(
        "def test_i3_again(): ...\nclass TestIt:\n    def test_r15_i3_both(self): ...\ndef test_other(): ...\n"
    )
    for name, value in (("PAGE", page), ("TESTS", tmp_path), ("ROOT", tmp_path)):
        monkeypatch.setattr(rules_table, name, value)
    assert rules_table.main(["--check"]) == 1
    assert rules_table.main([]) == 0
    assert rules_table.main(["--check"]) == 0
    assert [row for row in page.read_text().splitlines() if row.startswith(("| I", "| R"))] == [
        "| I3 | `test_some.py::TestIt::test_r15_i3_both` |",
        "| I3 | `test_some.py::test_i3_again` |",
        "| R15 | `test_some.py::TestIt::test_r15_i3_both` |",
    ]
    assert page.read_text().endswith("after\n")


def test_a_test_named_after_no_rule_is_an_error() -> None:
    """A mistyped id would otherwise count for nothing."""
    page = f"### I3. Duplicate\n{rules_table.BEGIN}\n{rules_table.END}\n"
    with pytest.raises(ValueError, match="test_i33"):
        rules_table.refreshed(page, [rules_table.Shown("I33", "tests/test_x.py::test_i33_a")])


@pytest.mark.parametrize("page", sorted(DOCS.rglob("*.md")), ids=lambda path: str(path.relative_to(DOCS)))
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    """Relative links name files that are there."""
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []


@pytest.mark.parametrize("page", ["reference/rules.md", "tour.md", "contributing.md"])
def test_files_named_on_a_page_are_there(page: str) -> None:
    """A reader who looks for a rule's file finds it; paths are below python/minikafka, or below the project."""
    named = re.findall(
        r"`([\w./]+/[\w.]+\.(?:py|rs|toml|md|txt))`", (DOCS / page).read_text(encoding="utf-8")
    )
    assert named, "the page names files"
    assert sorted({name for name in named if not any((base / name).exists() for base in SOURCES)}) == []
