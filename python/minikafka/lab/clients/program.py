"""Runs one of the lab's applications (`app.py`) to its end, planned or not, and takes what it said into the history."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import tempfile
import threading
from typing import Final

from minikafka.checker.allowed import Death
from minikafka.checker.operation import HistoryError, parse
from minikafka.lab.errors import Inconclusive
from minikafka.lab.recorder import Recorder

TIMEOUT_S: Final = 40.0
"""How long an application may take; then it is killed, and the run tells nothing."""
TOLD: Final = 500
"""Characters of an application's last words."""


def run_program(recorder: Recorder, death: Death, **options: object) -> None:
    """Run `python -m minikafka.lab.app` with these options. One that was told to die must, by SIGKILL, and that is a
    strike of this kind; any other must end well. Raises Inconclusive."""
    process, dies = str(options["process"]), bool(options.get("dies"))
    with tempfile.TemporaryFile("w+") as errors:
        running = subprocess.Popen(
            [sys.executable, "-m", "minikafka.lab.app", json.dumps(options)],
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
    if status != (-signal.SIGKILL if dies else 0):
        raise Inconclusive(f"{process} ended with status {status}: {said}")
    if dies:
        recorder.strike(f"{process} dead", death)
