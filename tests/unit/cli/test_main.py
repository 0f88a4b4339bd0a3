"""Verbs and exit statuses, in this process and as a real command."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from minikafka.cli.main import USAGE, main

COMMAND = [sys.executable, "-m", "minikafka"]


def environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("KAFKA_")}


def test_a_mistake_is_one_plain_line_and_status_2(capsys: pytest.CaptureFixture[str]) -> None:
    """No traceback, and the name that was probably meant."""
    assert main(["config", "-c", "log.segment.byte=1"]) == USAGE
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.count("\n") == 1
    assert "did you mean 'log.segment.bytes'" in printed.err


def test_config_says_where_each_setting_came_from(capsys: pytest.CaptureFixture[str]) -> None:
    """The source stands beside the value."""
    assert main(["config", "-n", "3", "--json", "-c", "num.partitions=6"]) == 0
    rows = {row["name"]: row for row in map(json.loads, capsys.readouterr().out.splitlines())}
    assert rows["num.partitions"] == {
        "name": "num.partitions",
        "value": "6",
        "source": "-c",
        "supported": True,
    }
    assert rows["default.replication.factor"]["source"] == "profile fast"


def test_apis_lists_what_is_served(capsys: pytest.CaptureFixture[str]) -> None:
    """One line per API."""
    assert main(["apis", "-J"]) == 0
    rows = {row["name"]: row for row in map(json.loads, capsys.readouterr().out.splitlines())}
    assert rows["Produce"] == {"key": 0, "name": "Produce", "min": 3, "max": 13}


def test_serve_prints_one_line_when_ready_and_stops_with_status_0(tmp_path: Path) -> None:
    """What a script that starts a broker relies on; the data directory is locked meanwhile."""
    ready_file, data = tmp_path / "ready.json", tmp_path / "data"
    arguments = ["serve", "-n", "2", "-p", "0", "-d", str(data), "-t", "orders:2:2"]
    with subprocess.Popen(
        [*COMMAND, *arguments, "--ready-file", str(ready_file)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment(),
    ) as server:  # fmt: skip
        assert server.stdout is not None
        line = server.stdout.readline()
        ready = json.loads(ready_file.read_text())
        addresses = f"bootstrap.servers={ready['bootstrap_servers']} admin={ready['admin_url']}"
        assert line == f"minikafka ready {addresses}\n"
        assert [broker["id"] for broker in ready["brokers"]] == [1, 2]
        second = subprocess.run(
            [*COMMAND, *arguments], capture_output=True, text=True, env=environment(), check=False, timeout=60
        )
        assert second.returncode == USAGE
        assert "in use" in second.stderr
        server.send_signal(signal.SIGTERM)
        rest, errors = server.communicate(timeout=60)
    assert (server.returncode, rest, errors) == (0, "", "")


def test_run_hands_out_the_address_and_returns_the_status_of_its_command() -> None:
    """`minikafka run -- CMD` is the command, with a Kafka around it."""
    script = "import os, sys; print(os.environ['KAFKA_BOOTSTRAP_SERVERS']); sys.exit(7)"
    ran = subprocess.run(
        [*COMMAND, "run", "-n", "1", "--", sys.executable, "-c", script],
        capture_output=True, text=True, env=environment(), check=False, timeout=60,
    )  # fmt: skip
    assert ran.returncode == 7
    assert ran.stdout.startswith("127.0.0.1:")
