"""The program itself: started with the cluster's address in its environment, killed, started again, stopped."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from typing import Final

from minikafka.errors import ConfigError

ADDRESSES: Final = ("KAFKA_BOOTSTRAP_SERVERS", "BOOTSTRAP_SERVERS", "SPRING_KAFKA_BOOTSTRAP_SERVERS")
STOP_S: Final = 10.0


class OwnProgram:
    """At most one life at a time. What it prints goes to our stderr, so that stdout stays the lab's."""

    def __init__(self, command: Sequence[str], servers: str, names: Mapping[str, str]) -> None:
        self.command = list(command)
        self.lives = 0
        self._environment = {**os.environ, **dict.fromkeys(ADDRESSES, servers), **names}
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Begin a life. Raises ConfigError when there is no such program."""
        self.lives += 1
        try:
            self._process = subprocess.Popen(
                self.command, env=self._environment, stdin=subprocess.DEVNULL, stdout=sys.stderr
            )
        except OSError as error:
            raise ConfigError(f"cannot run {self.command[0]}: {error.strerror}") from error

    @property
    def status(self) -> int | None:
        """Of its last life, once that has ended."""
        return None if self._process is None else self._process.poll()

    def kill(self) -> None:
        """SIGKILL, and wait until it is gone."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def stop(self) -> None:
        """SIGTERM, and after ten seconds SIGKILL."""
        if self._process is None or self._process.poll() is not None:
            return
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self.kill()
