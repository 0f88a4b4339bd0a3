"""Reports of earlier runs: shown again, compared, checked."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from minikafka.cli.main import main
from minikafka.errors import ConfigError
from minikafka.lab.kept import compare, read_kept


def kept(folder: Path, **changes: object) -> Path:
    """A report's folder with one run."""
    run: dict[str, object] = {
        "scenario": "zombie",
        "configuration": "one transactional.id",
        "seed": 1,
        "side": "good",
        "verdict": "PASS",
        "why": "",
        "must_show": [],
        "shown": {},
        "notes": {"the old one's commit": "_FENCED", "records/s": "100"},
    }
    folder.mkdir()
    (folder / "verdict.json").write_text(json.dumps({"schema": 1, "runs": [{**run, **changes}]}))
    return folder


def test_runs_that_showed_the_same_do_not_differ(tmp_path: Path) -> None:
    """How often, and how fast, does not count."""
    one = kept(tmp_path / "one", shown={"lost": 3})
    other = kept(
        tmp_path / "other", shown={"lost": 5}, notes={"the old one's commit": "_FENCED", "records/s": "7"}
    )
    assert compare(read_kept(one), read_kept(other)) == []
    assert main(["lab", "compare", str(one), str(other)]) == 0


def test_a_difference_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """In verdict, in kinds of anomalies, in notes; each on a line, and the status says so."""
    one = kept(tmp_path / "one")
    other = kept(
        tmp_path / "other", verdict="FAIL", shown={"duplicated": 1}, notes={"the old one's commit": "done"}
    )
    assert main(["lab", "compare", str(one), str(other)]) == 1
    said = capsys.readouterr().out
    assert "verdict: PASS | FAIL" in said
    assert "shown: nothing | duplicated" in said
    assert "the old one's commit: _FENCED | done" in said


def test_what_was_skipped_is_no_difference_and_what_is_missing_is(tmp_path: Path) -> None:
    """A cluster without a lever says nothing; a run that nobody made does."""
    one, skipped = kept(tmp_path / "one"), kept(tmp_path / "skipped", verdict="SKIPPED", shown={"lost": 1})
    assert compare(read_kept(one), read_kept(skipped)) == []
    assert len(compare(read_kept(one), {})) == 1


@pytest.mark.parametrize(
    ("verdict", "status"), [("PASS", 0), ("SKIPPED", 0), ("FAIL", 1), ("INCONCLUSIVE", 3)]
)
def test_a_report_is_shown_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], verdict: str, status: int
) -> None:
    """With the status that the run had."""
    assert main(["lab", "report", str(kept(tmp_path / "one", verdict=verdict))]) == status
    assert verdict in capsys.readouterr().out


@pytest.mark.parametrize(
    "text", ["", "[]", '{"schema": 99, "runs": []}', '{"schema": 1, "runs": [{}]}', '{"schema": 1}']
)
def test_what_is_no_report_is_told(tmp_path: Path, text: str) -> None:
    """And not taken for an empty one."""
    (tmp_path / "verdict.json").write_text(text)
    with pytest.raises(ConfigError, match=r"verdict\.json"):
        read_kept(tmp_path)


def test_a_recorded_history_is_judged(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One acknowledged record that a final reader did not get: lost, status 1; and a wrong line is named."""
    path = tmp_path / "history.jsonl"
    path.write_text(
        '{"type":"invoke","op":"send","process":"p","id":"a","topic":"t","partition":0}\n'
        '{"type":"ok","op":"send","process":"p","id":"a","topic":"t","partition":0,"offset":0}\n'
        '{"type":"ok","op":"read","process":"r","topic":"t","partition":0,"offset":1,"final":true}\n'
    )
    assert main(["lab", "check", str(path)]) == 1
    assert "lost: a in t-0 offset 0" in capsys.readouterr().out
    path.write_text("{}\n")
    assert main(["lab", "check", str(path)]) == 3
    assert "line 1" in capsys.readouterr().err
