"""One line of a dump: a batch, a record, an index entry, or what is wrong."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final, NamedTuple, TypeAlias

from minikafka.cli.output import Cell
from minikafka.types import Offset

PROBLEM: Final = "problem"
MAX_BYTES: Final = 64 * 1024 * 1024
"""No file but a segment is ever that large; one that is, is something else."""


class Line(NamedTuple):
    """kind: what it is about. depth: 1 for what belongs to the line above."""

    kind: str
    fields: Mapping[str, Cell]
    depth: int = 0


class Choice(NamedTuple):
    """What of a log is wanted. topic: whose records they are, for those of internal topics; None: by the directory's
    name. from_offset: the first one wanted."""

    records: bool = True
    topic: str | None = None
    from_offset: Offset = 0


Decoder: TypeAlias = Callable[[Path, Choice], Iterator[Line]]


def problem(what: str, **where: Cell) -> Line:
    """Something that a sound file does not have; makes the exit status 1."""
    return Line(PROBLEM, {"what": what, **where})


def uuid_text(data: bytes) -> str:
    """As Kafka prints its uuids: URL-safe base64 without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def read(path: Path) -> bytes:
    """A file other than a segment. Raises OSError."""
    with path.open("rb") as file:
        return file.read(MAX_BYTES)
