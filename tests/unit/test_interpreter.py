"""Interpreters on which no broker runs hear of it in one sentence."""

from __future__ import annotations

import subprocess
import sys

PRETEND = "import sys; sys.abiflags = 't'; "
TOLD = "this is a free-threaded build of CPython"


def run(script: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", PRETEND + script], capture_output=True, text=True, check=False
    )


def test_a_free_threaded_build_is_refused_where_a_cluster_is_wanted() -> None:
    """By Python, by the command line; but a test run that only has the plugin loaded goes on."""
    assert TOLD in run("from minikafka import Cluster").stderr
    line = run("from minikafka.cli.main import main; sys.exit(main(['apis']))")
    assert (line.returncode, line.stderr.count("\n")) == (3, 1)
    assert TOLD in line.stderr
    assert run("import minikafka.pytest_plugin; from minikafka import MinikafkaError").returncode == 0
