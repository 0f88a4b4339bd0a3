"""Events in a temporary file, as the plain values of a row: some at a time are written, and read again."""

from __future__ import annotations

import marshal
import tempfile
from array import array
from collections.abc import Iterable, Iterator, Sequence
from itertools import repeat
from typing import IO, Any, Final

from minikafka.history import Event
from minikafka.trace import FACTS, PARTITION, Fact, Row, TraceEvent, new
from minikafka.trace import WIDTH as EVENT_WIDTH
from minikafka.types import TopicPartition

TOGETHER: Final = 1_000
"""Events that are read at a time."""
NODE_WIDTH: Final = 2
WIDTH: Final = NODE_WIDTH + EVENT_WIDTH
"""Fields of an event that is kept: its `seq`, its node, and its own."""


class Spilled:
    """A file of blocks, made when there is something to write."""

    def __init__(self) -> None:
        self._file: IO[bytes] | None = None
        self._ends = array("q", [0])
        self.is_closed = False

    def add(self, row: Row) -> None:
        """Events behind what is there."""
        if self._file is None:
            self._file = tempfile.TemporaryFile(prefix="minikafka-ledger-")  # noqa: SIM115 - it lives as we do
        self._file.seek(self._ends[-1])
        for first in range(0, len(row), TOGETHER * WIDTH):
            written = _written(row[first : first + TOGETHER * WIDTH])
            self._file.write(written)
            self._ends.append(self._ends[-1] + len(written))

    def __len__(self) -> int:
        """Blocks."""
        return len(self._ends) - 1

    def read(self, index: int) -> Iterator[Event]:
        """The events of one block."""
        assert self._file is not None
        start, end = self._ends[index], self._ends[index + 1]
        self._file.seek(start)
        plain = marshal.loads(self._file.read(end - start))  # noqa: S302 - our own temporary file
        at = slice(NODE_WIDTH + PARTITION, None, WIDTH)
        plain[at] = [one and TopicPartition._make(one) for one in plain[at]]
        return events_of(plain)

    def close(self) -> None:
        """It is gone, for whoever reads it as well."""
        self.is_closed = True
        if self._file is not None:
            self._file.close()


def events_of(row: Iterable[Any]) -> Iterator[Event]:
    """Made of their fields, when they are asked for."""
    for seq, broker, *told in zip(*repeat(iter(row), WIDTH), strict=True):
        yield new(Event, (seq, broker, new(TraceEvent, told)))


def _written(row: Sequence[Any]) -> bytes:
    plain = list(row)
    at = slice(NODE_WIDTH + PARTITION, None, WIDTH)
    plain[at] = [one and tuple(one) for one in plain[at]]
    try:
        return marshal.dumps(plain)
    except ValueError:  # facts that are sequences of another kind than tuples and lists
        at = slice(NODE_WIDTH + FACTS, None, WIDTH)
        plain[at] = [{name: _plain(fact) for name, fact in facts.items()} for facts in plain[at]]
        return marshal.dumps(plain)


def _plain(fact: Fact) -> object:
    return fact if fact is None or isinstance(fact, str | int) else list(fact)
