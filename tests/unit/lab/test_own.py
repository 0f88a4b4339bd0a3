"""A user's own program: where its ids are, what may go wrong, what the command line makes of it."""

from __future__ import annotations

from pathlib import Path

import pytest
from minikafka.cli.main import main
from minikafka.errors import ConfigError
from minikafka.lab.own.ids import extraction
from minikafka.lab.own.schedule import OF_SCENARIOS, VERBS, Strike, read_schedule, schedule_of
from minikafka.lab.scenarios import scenario


@pytest.mark.parametrize(
    ("how", "found"),
    [
        ("key", "the key"),
        ("header:id", "a header"),
        ("header:none", ""),
        ("json:id", "a field"),
        ("json:order.number", "7"),
        ("json:order.number.deeper", ""),
        ("json:none", ""),
    ],
)
def test_an_id_is_found_where_it_is_said_to_be(how: str, found: str) -> None:
    """In key, header or a field, at any depth; an absent one is empty."""
    value = b'{"id": "a field", "order": {"number": 7}}'
    assert extraction(how)(b"the key", value, [("id", b"a header")]) == found


@pytest.mark.parametrize("value", [None, b"", b"not json", b"[1]", b"7", b'"text"'])
def test_a_value_that_is_no_object_has_no_fields(value: bytes | None) -> None:
    """Whatever a program writes, looking for an id in it does not break."""
    assert extraction("json:id")(None, value, []) == ""


@pytest.mark.parametrize("how", ["", "value", "header:", "json:", "keys"])
def test_an_unknown_form_is_told(how: str) -> None:
    """The error says which there are."""
    with pytest.raises(ConfigError, match="key, header:NAME or json:FIELD"):
        extraction(how)


def test_the_schedules_of_scenarios_are_sound() -> None:
    """Each is a scenario's, uses known verbs, and strikes while there are records left to come."""
    for name in OF_SCENARIOS:
        assert scenario(name).name == name
        strikes = schedule_of(name, 100)
        assert all(one.do in VERBS and 0 < one.after < 100 for one in strikes)


def test_a_scenario_without_a_schedule_is_told() -> None:
    """With the nearest that has one, and the way out."""
    with pytest.raises(ConfigError, match=r"no schedule .*exactly-once-copy.*--schedule FILE"):
        schedule_of("exactly-once", 100)


def test_a_schedule_file_is_read_in_order(tmp_path: Path) -> None:
    """However it is written, strikes come by their numbers."""
    path = tmp_path / "s.toml"
    path.write_text('[[strike]]\nafter = 20\ndo = "mend"\n[[strike]]\nafter = 10\ndo = "kill-leader"\n')
    assert read_schedule(path) == [Strike(10, "kill-leader"), Strike(20, "mend")]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("strike = 3", r"a list of \[\[strike\]\]"),
        ("", r"a list of \[\[strike\]\]"),
        ("other = 1\n[[strike]]\nafter=1\ndo='mend'", "and nothing else"),
        ("[[strike]]\nafter = -1\ndo = 'mend'", "no number of records"),
        ("[[strike]]\nafter = true\ndo = 'mend'", "no number of records"),
        ("[[strike]]\nafter = 1\ndo = 'kill-leeder'", "did you mean kill-leader"),
        ("[[strike]]\nafter = 1\ndo = 'mend'\nafters = 2", "did you mean after"),
        ("[[strike", "s.toml"),
    ],
)
def test_a_wrong_schedule_file_is_told(tmp_path: Path, text: str, why: str) -> None:
    """With the file, and the nearest name where there is one."""
    path = tmp_path / "s.toml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=why):
        read_schedule(path)


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["run"], "name the scenarios"),
        (["run", "--all", "zombie"], "name the scenarios"),
        (["run", "zombi"], "did you mean zombie"),
        (["run", "zombie", "--configuration", "x"], "no configuration"),
        (["run", "zombie", "--seeds", "0"], "--seeds is 1 to"),
        (["run", "zombie", "--kill-cmd", "x"], "belong together"),
        (["run", "zombie", "--kill-cmd", "x", "--start-cmd", "y"], "--target"),
        (["run", "zombie", "--"], "no program behind --"),
        (["run", "zombie", "--", "true"], "no schedule for a program"),
        (["run", "auto-commit", "--target", "h:1", "--", "true"], "our brokers"),
        (["run", "auto-commit", "--id", "x", "--", "true"], "an id is taken from"),
        (["list", "--", "true"], "runs no program"),
        (["check", "/nowhere/history.jsonl"], "No such file"),
        (["report", "/nowhere"], "No such file"),
    ],
)
def test_wrong_arguments_end_with_status_2(
    capsys: pytest.CaptureFixture[str], words: list[str], why: str
) -> None:
    """And one plain line."""
    assert main(["lab", *words]) == 2
    said = capsys.readouterr().err
    assert why in said
    assert said.count("\n") == 1
