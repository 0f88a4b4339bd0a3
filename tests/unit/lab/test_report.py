"""The files that a run of the lab leaves behind."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from minikafka.checker.judge import judge
from minikafka.checker.operation import Op, Operation, Type
from minikafka.errors import ConfigError
from minikafka.lab.recorded import check
from minikafka.lab.report import write_all
from minikafka.lab.report.table import closing, table
from minikafka.lab.result import Mark, Result
from minikafka.lab.scenarios import scenario

LINES = (
    Operation(Type.INVOKE, Op.SEND, "p", "bad \x01 <id>", "t", 0, time_ms=1),
    Operation(Type.OK, Op.SEND, "p", "bad \x01 <id>", "t", 0, 0, time_ms=2),
    Operation(Type.OK, Op.READ, "reader", "", "t", 0, 1, final=True, time_ms=3),
)


def result(mark: Mark, configuration: str = "acks=1", why: str = "") -> Result:
    one = scenario("acks-leader-killed")
    return Result(
        scenario=one,
        configuration=one.configuration(configuration),
        seed=1,
        target="minikafka",
        mark=mark,
        why=why,
        seconds=1.5,
        client=judge(LINES),
        history=LINES,
    )


def test_the_files_say_the_same(tmp_path: Path) -> None:
    """A failure is one in verdict.json and in JUnit XML, and the history can be judged again."""
    write_all([result(Mark.FAIL, why="did not"), result(Mark.PASS, "acks=all")], tmp_path / "new", 3.0)
    verdict = json.loads((tmp_path / "new" / "verdict.json").read_text())
    assert not verdict["passed"]
    assert verdict["counts"] == {"PASS": 1, "FAIL": 1, "INCONCLUSIVE": 0, "SKIPPED": 0}
    suite = ET.parse(tmp_path / "new" / "junit.xml").getroot()[0]
    assert (suite.get("tests"), suite.get("failures"), suite.get("errors")) == ("2", "1", "0")
    with (tmp_path / "new" / "history.jsonl").open() as lines:
        again = check(lines)
    assert list(again) == ["acks-leader-killed/acks=1/1", "acks-leader-killed/acks=all/1"]
    assert all(len(one.findings) == 1 for one in again.values())


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    """A file stands where the folder should be."""
    (tmp_path / "taken").write_text("")
    with pytest.raises(ConfigError, match="cannot be written"):
        write_all([result(Mark.PASS)], tmp_path / "taken", 1.0)


def test_the_table_names_the_claim_and_how_to_repeat_a_failure() -> None:
    """Whoever reads it knows what to type next."""
    told = table([result(Mark.FAIL, why="did not show lost")])
    assert "claim: set acks=all" in told
    assert "minikafka lab run acks-leader-killed --configuration 'acks=1' --seed 1" in told
    assert "\033" not in told


def test_the_closing_line_counts_what_was_tried() -> None:
    """Skipped runs are named, not counted as tried."""
    results = [result(Mark.PASS), result(Mark.INCONCLUSIVE), result(Mark.SKIPPED)]
    assert closing(results, 2.0) == "1 of 2 runs as claimed in 2.0 s; 1 inconclusive, 1 skipped"
