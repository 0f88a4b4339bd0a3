"""kfake, the in-memory broker of franz-go, as a process of its own."""

from __future__ import annotations

import signal
import subprocess

from conformance.paths import GO_PROGRAMS
from conformance.targets.ready import wait_until_ready


class KFake:
    """`brokers` listeners in one process; it has one copy of each log, so brokers cannot be killed one by one."""

    name = "kfake"

    def __init__(self, brokers: int = 1) -> None:
        self._brokers = brokers
        self._process: subprocess.Popen[str] | None = None
        self._addresses = ""

    @property
    def bootstrap_servers(self) -> str:
        return self._addresses

    @property
    def pids(self) -> list[int]:
        return [self._process.pid] if self._process else []

    def open(self) -> None:
        command = [str(GO_PROGRAMS / "kfake_server"), str(self._brokers)]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        self._addresses = self._process.stdout.readline().strip()
        wait_until_ready(self._addresses, self._brokers, timeout_s=10)

    def kill(self, broker: int) -> None:
        raise ValueError(f"kfake runs all brokers in one process, broker {broker} cannot be killed alone")

    def start(self, broker: int) -> None:
        raise ValueError(f"kfake runs all brokers in one process, broker {broker} cannot be started alone")

    def stop(self) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGTERM)
            self._process.communicate()
            self._process = None
