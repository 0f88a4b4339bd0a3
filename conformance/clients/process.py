"""A running program that says what it does in lines of JSON: what it said as it comes, its steps, its death."""

from __future__ import annotations

import json
import os
import queue
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import IO, Generic, Self, TypeVar

from conformance.clients.programs import Program
from conformance.history import Operation, parse_operation
from conformance.paths import NODE_PROGRAMS, ROOT

OptionValue = str | int | list[str] | Mapping[str, str | int | bool]


T = TypeVar("T")


class ClientFailed(AssertionError):
    """A client program ended with an error or stayed silent; the message carries its stderr."""


class Talking(Generic[T]):
    """Started on construction; `said` grows as its output is read. `parse` makes a T of each line."""

    def __init__(self, what: str, command: Sequence[str], parse: Callable[[str], T]) -> None:
        self.said: list[T] = []
        self._what = what
        self._parse = parse
        # A file, not a pipe: nobody reads it while the program runs.
        self._stderr: IO[str] = tempfile.TemporaryFile("w+")  # noqa: SIM115
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._stderr,
            text=True,
            cwd=ROOT,
            env={**os.environ, "NODE_PROGRAMS": str(NODE_PROGRAMS)},
        )
        self._lines: queue.Queue[str | None] = queue.Queue()
        self._reader = threading.Thread(target=self._pump, daemon=True)
        self._reader.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._reader.join()
        for stream in (self._process.stdin, self._process.stdout, self._stderr):
            stream.close()

    @property
    def is_running(self) -> bool:
        return self._process.poll() is None

    def run_until(self, is_enough: Callable[[T], bool], timeout_s: float) -> T:
        """Read on until what it says satisfies `is_enough`; raises ClientFailed when nothing does in time."""
        deadline = time.monotonic() + timeout_s
        while True:
            said = self._next(deadline)
            if said is None:
                raise ClientFailed(f"{self._what} ended early\n{self._errors()}")
            if is_enough(said):
                return said

    def catch_up(self) -> None:
        """Read what the program has said so far, without waiting; raises ClientFailed when it has ended."""
        has_ended = False
        while not has_ended and not self._lines.empty():
            has_ended = self._next(time.monotonic()) is None  # and stays in the queue
        if has_ended or not self.is_running:
            raise ClientFailed(f"{self._what} ended early\n{self._errors()}")

    def finish(self, timeout_s: float) -> list[T]:
        """Read to the end of the program; raises ClientFailed unless it ends well, never silent for `timeout_s`."""
        while self._next(time.monotonic() + timeout_s) is not None:
            pass
        status = self._process.wait()
        if status != 0:
            raise ClientFailed(f"{self._what} ended with status {status}\n{self._errors()}")
        return self.said

    def kill(self) -> None:
        """SIGKILL; what the program said before is kept."""
        if self.is_running:
            self._process.kill()
        self._process.wait()
        while self._next(time.monotonic() + 5) is not None:
            pass

    def _next(self, deadline: float) -> T | None:
        try:
            line = self._lines.get(timeout=max(0.0, deadline - time.monotonic()))
        except queue.Empty:
            raise ClientFailed(
                f"{self._what}: {len(self.said)} lines, then silence\n{self._errors()}"
            ) from None
        if line is None:
            self._lines.put(None)
            return None
        said = self._parse(line)
        self.said.append(said)
        return said

    def _pump(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            # A program that was killed may leave half a line behind.
            if line.endswith("\n"):
                self._lines.put(line)
        self._lines.put(None)

    def _errors(self) -> str:
        self._stderr.seek(0)
        return self._stderr.read()[-4000:]


class ClientProcess(Talking[Operation]):
    """One of the project's client programs; what it says are operations."""

    def __init__(self, program: Program, workload: str, **options: OptionValue) -> None:
        super().__init__(
            f"{program.name} {workload}", [*program.command, workload, json.dumps(options)], parse_operation
        )

    @property
    def operations(self) -> list[Operation]:
        return self.said

    def step(self, timeout_s: float = 60, **command: str) -> Operation:
        """Send one command to an interactive workload and return its answer."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(command) + "\n")
        self._process.stdin.flush()
        return self.run_until(lambda operation: operation.op == command["do"], timeout_s)
