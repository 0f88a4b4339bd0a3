"""minikafka from the outside: `python -m minikafka serve`, known only by its readiness line and its process id."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Mapping

STOP_TIMEOUT_S = 20.0


class MiniKafka:
    """`brokers` brokers in one process. For killing one at a time see `minikafka.Cluster`."""

    name = "minikafka"

    def __init__(
        self, brokers: int = 1, *, config: Mapping[str, str] | None = None, arguments: tuple[str, ...] = ()
    ) -> None:
        settings = [f"--config={key}={value}" for key, value in (config or {}).items()]
        self._command = [
            sys.executable,
            *("-m", "minikafka", "serve", "--brokers", str(brokers), "--port", "0", "--json"),
            *settings,
            *arguments,
        ]
        self._process: subprocess.Popen[str] | None = None
        self._bootstrap_servers = ""

    @property
    def bootstrap_servers(self) -> str:
        return self._bootstrap_servers

    @property
    def pids(self) -> list[int]:
        return [self._process.pid] if self._process else []

    def open(self) -> None:
        self._process = subprocess.Popen(self._command, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"minikafka ended with status {self._process.wait()} before it was ready")
        self._bootstrap_servers = json.loads(line)["bootstrap_servers"]

    def kill(self, broker: int) -> None:
        raise ValueError(f"serve runs all brokers in one process, broker {broker} cannot be killed alone")

    def start(self, broker: int) -> None:
        raise ValueError(f"serve runs all brokers in one process, broker {broker} cannot be started alone")

    def stop(self) -> None:
        if self._process is None:
            return
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.communicate(timeout=STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.communicate()
        self._process = None
