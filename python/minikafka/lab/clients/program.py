"""Runs one of the lab's applications to its end, planned or not, and takes what it said into the history.

There are two of each, with the same options: on librdkafka (`app.py`) and on Apache Kafka's own client (`java/`).
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping
from typing import Final

from minikafka.checker.allowed import Death
from minikafka.checker.operation import HistoryError, parse
from minikafka.lab.clients.java import java_command
from minikafka.lab.errors import Inconclusive
from minikafka.lab.recorder import Recorder
from minikafka.lab.scenario import Client

TIMEOUT_S: Final = 40.0
"""How long an application may take; then it is killed, and the run tells nothing."""
TOLD: Final = 500
"""Characters of an application's last words."""
THROWN: Final = 1
"""The status of a program that an exception ended, here and in Java."""


def run_program(recorder: Recorder, death: Death, client: Client, options: Mapping[str, object]) -> None:
    """Run the application with these options. One that was told to die must, by SIGKILL or, `throwing`, by an
    exception, and that is a strike of this kind; any other must end well. Raises Inconclusive."""
    process, dies = str(options["process"]), str(options.get("dies", ""))
    with tempfile.TemporaryFile("w+") as errors:
        running = subprocess.Popen(
            _command(client, options),
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        )
        assert running.stdout is not None
        watchdog = threading.Timer(TIMEOUT_S, running.kill)
        watchdog.start()
        try:
            for line in running.stdout:
                recorder.take(parse(line))
            status = running.wait()
        except HistoryError as nonsense:
            raise Inconclusive(f"{process} said what is no operation: {nonsense}") from nonsense
        finally:
            watchdog.cancel()
            running.kill()
            running.wait()
            running.stdout.close()
        errors.seek(0)
        said = errors.read()[-TOLD:]
    expected = THROWN if dies == "throwing" else -signal.SIGKILL if dies else 0
    if dies and status == 0:
        raise Inconclusive(f"{process} came to its end, and never to where it was to die")
    if status != expected:
        raise Inconclusive(f"{process} ended with status {status}: {said}")
    if dies:
        recorder.strike(f"{process} dead", death)


def _command(client: Client, options: Mapping[str, object]) -> list[str]:
    if client is Client.JAVA:
        return java_command(options)
    return [sys.executable, "-m", "minikafka.lab.app", json.dumps(options)]
