"""One running client program: its operations as they come, its steps, its death."""

from __future__ import annotations

import json
import os
import queue
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import IO, Self

from conformance.clients.programs import Program
from conformance.history import Operation, parse_operation
from conformance.paths import NODE_PROGRAMS, ROOT

OptionValue = str | int | list[str] | Mapping[str, str | int | bool]


class ClientFailed(AssertionError):
    """A client program ended with an error or stayed silent; the message carries its stderr."""


class ClientProcess:
    """Started on construction; `operations` grows as its output is read."""

    def __init__(self, program: Program, workload: str, **options: OptionValue) -> None:
        self.operations: list[Operation] = []
        self._what = f"{program.name} {workload}"
        # A file, not a pipe: nobody reads it while the program runs.
        self._stderr: IO[str] = tempfile.TemporaryFile("w+")  # noqa: SIM115
        self._process = subprocess.Popen(
            [*program.command, workload, json.dumps(options)],
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

    def run_until(self, is_enough: Callable[[Operation], bool], timeout_s: float) -> Operation:
        """Read on until an operation satisfies `is_enough`; raises ClientFailed when none does in time."""
        deadline = time.monotonic() + timeout_s
        while True:
            operation = self._next(deadline)
            if operation is None:
                raise ClientFailed(f"{self._what} ended early\n{self._errors()}")
            if is_enough(operation):
                return operation

    def catch_up(self) -> None:
        """Read what the program has said so far, without waiting; raises ClientFailed when it has ended."""
        while not self._lines.empty():
            self._next(time.monotonic())
        if not self.is_running:
            raise ClientFailed(f"{self._what} ended early\n{self._errors()}")

    def finish(self, timeout_s: float) -> list[Operation]:
        """Read to the end of the program; raises ClientFailed unless it ends well and in time."""
        deadline = time.monotonic() + timeout_s
        while self._next(deadline) is not None:
            pass
        status = self._process.wait()
        if status != 0:
            raise ClientFailed(f"{self._what} ended with status {status}\n{self._errors()}")
        return self.operations

    def step(self, timeout_s: float = 60, **command: str) -> Operation:
        """Send one command to an interactive workload and return its answer."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(command) + "\n")
        self._process.stdin.flush()
        return self.run_until(lambda operation: operation.op == command["do"], timeout_s)

    def kill(self) -> None:
        """SIGKILL; what the program said before is kept."""
        if self.is_running:
            self._process.kill()
        self._process.wait()
        while self._next(time.monotonic() + 5) is not None:
            pass

    def _next(self, deadline: float) -> Operation | None:
        try:
            line = self._lines.get(timeout=max(0.0, deadline - time.monotonic()))
        except queue.Empty:
            raise ClientFailed(
                f"{self._what}: {len(self.operations)} operations, then silence\n{self._errors()}"
            ) from None
        if line is None:
            self._lines.put(None)
            return None
        operation = parse_operation(line)
        self.operations.append(operation)
        return operation

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
