"""What the verbs are made of: tables, times, delimiters, progress."""

from __future__ import annotations

import io

import pytest
from minikafka.cli.delimited import delimiter_of
from minikafka.cli.output import bytes_cell, cell_text, printable, show
from minikafka.cli.progress import Progress
from minikafka.cli.times import time_text, timestamp_ms
from minikafka.errors import ConfigError


def test_a_table_is_aligned_and_json_is_not(capsys: pytest.CaptureFixture[str]) -> None:
    """Numbers to the right; the same rows either way."""
    rows = [{"topic": "t", "offset": 5, "isr": [1, 2]}, {"topic": "longer", "offset": 10, "isr": []}]
    show(rows, as_json=False)
    assert capsys.readouterr().out == "TOPIC   OFFSET  ISR\nt            5  1,2\nlonger      10  -\n"
    show(rows[:1], as_json=True)
    assert capsys.readouterr().out == '{"topic": "t", "offset": 5, "isr": [1, 2]}\n'
    show([], as_json=False)
    assert capsys.readouterr().out == ""


def test_cells_are_for_people() -> None:
    """Nothing is a dash, truth is a word."""
    assert [cell_text(cell) for cell in (None, "", True, {"a": 1}, {}, 0)] == [
        "-",
        "-",
        "yes",
        "a=1",
        "-",
        "0",
    ]


def test_bytes_are_never_lost() -> None:
    """Text as text, the rest as base64 in JSON, and on one line in a table."""
    assert bytes_cell("key", "é".encode()) == {"key": "é"}
    assert bytes_cell("key", b"\xff") == {"key_base64": "/w=="}
    assert bytes_cell("key", None) == {"key": None}
    assert printable(b"a\nb\xff\x1b[31m") == "a\\nb\\xff\\x1b[31m"


@pytest.mark.parametrize(
    ("text", "data"),
    [("\\n", b"\n"), ("\\x00;", b"\0;"), ("é", "é".encode()), ("\\\\n", b"\\n"), ("\\xff", b"\xff")],
)
def test_delimiters_understand_escapes(text: str, data: bytes) -> None:
    """And bytes that are no text."""
    assert delimiter_of(text) == data


def test_times_are_read_and_written() -> None:
    """In UTC unless they say otherwise; what no calendar has is no time."""
    assert timestamp_ms("1500") == 1500
    assert timestamp_ms("1970-01-01T00:00:01") == timestamp_ms("1970-01-01T01:00:01+01:00") == 1000
    assert time_text(1500) == "1970-01-01T00:00:01.500Z"
    assert time_text(-1) is None
    assert time_text(2**62) is None
    with pytest.raises(ConfigError, match="is no time"):
        timestamp_ms("noon")


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_progress_is_shown_on_a_terminal_only_and_wiped_away(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing for work that is over in half a second, nothing in a pipe."""
    clock = [0.0]
    monkeypatch.setattr("time.monotonic", lambda: clock[0])
    terminal, pipe = Terminal(), io.StringIO()
    with Progress("records", 200, terminal) as shown, Progress("records", 200, pipe) as hidden:
        shown.add(10)
        assert terminal.getvalue() == ""
        clock[0] = 1.0
        shown.add(90)
        hidden.add(100)
        line = f"[{'#' * 15}{'.' * 15}]  50%  100 of 200 records  100/s"
        assert terminal.getvalue() == "\r" + line
    assert terminal.getvalue().endswith("\r" + " " * len(line) + "\r")
    assert pipe.getvalue() == ""
    assert Progress("bytes", None, pipe).line(0) == "0 bytes  "
