"""`--trace F`: every event of a running cluster as a line of a file, while it is told."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import IO

from minikafka.errors import ConfigError
from minikafka.history import Event, History


def add_trace_option(parser: argparse.ArgumentParser) -> None:
    """Read as `arguments.trace`."""
    parser.add_argument(
        "--trace", type=Path, metavar="F",
        help="record what happens from the start, one JSON object per line (`minikafka trace F` shows it)",
    )  # fmt: skip


@contextmanager
def trace_file(path: Path | None) -> Iterator[TraceFile | None]:
    """The file, closed in the end; None for none. Raises ConfigError when it cannot be written."""
    if path is None:
        yield None
        return
    with closing(TraceFile(path)) as file:
        yield file


class TraceFile:
    """Written while the loop has nothing better to do; complete once closed. Made on the loop."""

    def __init__(self, path: Path) -> None:
        """Raises ConfigError when it cannot be written."""
        self._path = path
        try:
            self._file: IO[str] | None = path.open("w", encoding="utf-8")
        except OSError as error:
            raise ConfigError(f"cannot write {path}: {error.strerror}") from None
        self._lines: list[str] = []

    def listen(self, history: History) -> None:
        """Write every event from now on."""
        history.listen(self._hear)

    def _hear(self, event: Event) -> None:
        if not self._lines:
            asyncio.get_running_loop().call_soon(self._write)
        self._lines.append(event.as_json())

    def _write(self) -> None:
        lines, self._lines = self._lines, []
        if self._file is None or not lines:
            return
        try:
            self._file.write("\n".join(lines) + "\n")
            self._file.flush()
        except OSError as error:
            # A full disk is no reason to stop the brokers.
            self._file = None
            sys.stderr.write(
                f"minikafka: the trace ends here, {self._path} cannot be written: {error.strerror}\n"
            )

    def close(self) -> None:
        """Write what is left."""
        self._write()
        if self._file is not None:
            self._file.close()
            self._file = None
