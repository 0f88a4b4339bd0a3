"""Running verbs in this process, as a user would type them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from minikafka.cli.main import main


class Ran(NamedTuple):
    """What a verb left behind."""

    status: int
    out: str
    err: str

    @property
    def rows(self) -> list[dict[str, Any]]:
        """Its output as JSON lines."""
        return [json.loads(line) for line in self.out.splitlines()]


class Verbs:
    """Types `minikafka WORDS -b SERVERS`. Each `run` must say what status it expects; 0 unless told."""

    def __init__(
        self, servers: str, capfd: pytest.CaptureFixture[str], patch: pytest.MonkeyPatch, directory: Path
    ) -> None:
        self.servers = servers
        self._capfd = capfd
        self._patch = patch
        self._input = directory / "stdin"

    def run(self, *words: str, stdin: bytes = b"", status: int = 0) -> Ran:
        """Raises AssertionError when the status is another."""
        self._input.write_bytes(stdin)
        with self._input.open() as source:
            self._patch.setattr("sys.stdin", source)
            self._capfd.readouterr()
            got = main([*words, "-b", self.servers])
        ran = Ran(got, *self._capfd.readouterr())
        assert ran.status == status, ran
        return ran

    def rows(self, *words: str, stdin: bytes = b"", status: int = 0) -> list[dict[str, Any]]:
        """The same with `-J`."""
        return self.run(*words, "-J", stdin=stdin, status=status).rows


def lines(values: Sequence[str]) -> bytes:
    """Input of so many records."""
    return "".join(f"{value}\n" for value in values).encode()
