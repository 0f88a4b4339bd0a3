"""docs/reference/events.md against the sources that tell events."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]


def load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, ROOT / "tools" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


events_page = load("events_page")
rules_table = load("rules_table")


def test_the_page_of_events_is_fresh() -> None:
    """After an event came, went or moved: python tools/events_page.py."""
    assert events_page.main(["--check"]) == 0


def test_every_rule_told_is_on_the_rules_page() -> None:
    """An event cites a rule that people can look up."""
    known = rules_table.rules(rules_table.PAGE.read_text(encoding="utf-8"))
    cited = {event.rule for event in events_page.told(events_page.PACKAGE)} - {""}
    assert sorted(cited - set(known)) == []


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("trace.event('no_such_kind', 'R8')", "not a kind"),
        ("self._trace.event(kind, 'R8')", "written out"),
        ("local.trace.event('isr', rule)", "written out"),
        ("trace.event('ack', 'R7', name, cause=3)", "by its place"),
    ],
)
def test_an_event_nobody_could_look_up_is_noticed(tmp_path: Path, source: str, says: str) -> None:
    """Kind and rule are literals, and the kind is in the table."""
    (tmp_path / "some.py").write_text(source)
    with pytest.raises(ValueError, match=says):
        events_page.told(tmp_path)


def test_a_choice_of_rules_counts_for_each(tmp_path: Path) -> None:
    """`"R7" if acks == ALL else "L14"`, and `rejected.rule or "L2"`."""
    (tmp_path / "some.py").write_text(
        "trace.event('ack', 'R7' if all else 'L14')\ntrace.event('refused', rejected.rule or 'L2')"
    )
    assert [(event.kind, event.rule) for event in events_page.told(tmp_path)] == [
        ("ack", "R7"),
        ("ack", "L14"),
        ("refused", "L2"),
    ]


def test_a_rule_named_where_it_refuses_is_told_as_refused(tmp_path: Path) -> None:
    """Whoever catches the refusal tells it; a rule's id in a file that refuses nothing counts for nothing."""
    (tmp_path / "refuses.py").write_text("raise Rejected(code, why, rule='L5')")
    (tmp_path / "speaks.py").write_text("rule = 'L6'")
    assert [(event.kind, event.rule) for event in events_page.told(tmp_path)] == [("refused", "L5")]
