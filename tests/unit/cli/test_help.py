"""What every verb owes its user: examples, `--json`, a word on every option, a completed name, a page that is true."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from minikafka.cli.main import VERBS, loaded, main
from minikafka.cli.tree import commands

from tests.unit.cli.kit import Verbs

PRINTS_NOTHING_OF_ITS_OWN = {"run", "completion"}
ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize("verb", VERBS)
def test_help_has_an_example_and_json(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The docstring is the help, line breaks and all."""
    with pytest.raises(SystemExit) as ended:
        main([verb, "--help"])
    assert ended.value.code == 0
    assert f"  minikafka {verb}" in capsys.readouterr().out
    (command,) = (each for each in commands() if each.name == verb)
    if verb not in PRINTS_NOTHING_OF_ITS_OWN:
        for each in command.actions or (command,):
            assert {"-J", "--json"} <= set(each.flags), each.name
    for each in (command, *command.actions):
        assert each.text, each.name
        assert all(option.help for option in each.options if option.flags), each.name


def test_a_usage_error_is_status_2_and_names_the_choices(capsys: pytest.CaptureFixture[str]) -> None:
    """Of verbs, and of a verb's options."""
    for words in (["tpic"], ["produce", "-t", "x", "-z", "rar"], ["topic"], []):
        with pytest.raises(SystemExit) as ended:
            main(words)
        assert ended.value.code == 2
        assert "usage: minikafka" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "completed"),
    [
        (["pro"], {"produce"}),
        (["topic", "al"], {"alter"}),
        (["topic", "alter", "--pa"], {"--partitions"}),
        (["produce", "-z", "z"], {"zstd"}),
        (["completion", ""], {"bash", "zsh", "fish", "-h", "--help"}),
        (["nothing", ""], set()),
    ],
)
def test_bash_completes(words: list[str], completed: set[str], capsys: pytest.CaptureFixture[str]) -> None:
    """The script, in a real bash."""
    assert main(["completion", "bash"]) == 0
    asked = " ".join(f"'{word}'" for word in ["minikafka", *words])
    script = capsys.readouterr().out + (
        f'\nCOMP_WORDS=({asked}); COMP_CWORD={len(words)}; _minikafka; printf "%s\\n" "${{COMPREPLY[@]}}"'
    )
    ran = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True)
    assert set(ran.stdout.split()) == completed


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_other_shells_can_read_their_scripts(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Every verb is in it; where the shell is there, it parses."""
    assert main(["completion", shell]) == 0
    script = capsys.readouterr().out
    assert all(verb in script for verb in VERBS)
    if shutil.which(shell):
        subprocess.run([shell, "-n"], input=script, text=True, check=True)


def test_doctor_finds_this_machine_well(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each check is a row; a taken port and a stray variable are noted, not failed."""
    import socket

    monkeypatch.setenv("KAFKA_NUM_PARTITIONS", "7")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        assert main(["doctor", "-J", "-p", str(taken.getsockname()[1])]) == 0
    rows = {row["check"]: row for row in map(json.loads, capsys.readouterr().out.splitlines())}
    assert rows["ports"]["state"] == "note"
    assert "num.partitions" in rows["environment"]["detail"]
    assert rows["a record through a broker"]["state"] == "ok"
    assert "bad" not in {row["state"] for row in rows.values()}


def test_doctor_says_what_is_bad(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever a check runs into is its finding, and the status is 1."""
    monkeypatch.setattr(
        "tempfile.TemporaryDirectory", lambda **_: (_ for _ in ()).throw(OSError("disk gone"))
    )
    assert main(["doctor", "-J"]) == 1
    rows = {row["check"]: row for row in map(json.loads, capsys.readouterr().out.splitlines())}
    assert rows["temporary directory"] == {
        "check": "temporary directory",
        "state": "bad",
        "detail": "OSError: disk gone",
    }


def test_apis_of_a_broker_stand_beside_ours(verbs: Verbs) -> None:
    """Here both are the same, but for what only the advertisement widens."""
    rows = verbs.rows("apis")
    assert {row["key"] for row in rows} >= {0, 1, 3, 18}
    assert all(row["max"] == row["minikafka_max"] for row in rows)


def test_a_story_is_told_in_json(capsys: pytest.CaptureFixture[str]) -> None:
    """One object: whether the page is as told."""
    assert main(["story", "-J", str(ROOT / "docs" / "learn" / "acks-all.md")]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["as_told"] is True


def test_a_simulated_world_is_told_in_json(capsys: pytest.CaptureFixture[str]) -> None:
    """One object with the digest, after the events if they were asked for."""
    assert main(["sim", "--seed", "3", "-J"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["violations"] == []
    assert "--seed 3" in told["command"]


def test_what_is_loaded_is_what_is_listed() -> None:
    """A verb's module has its name."""
    assert [loaded(name)[1].prog for name in VERBS] == [f"minikafka {name}" for name in VERBS]
