"""Events in a temporary file, as plain values: some at a time are written, and read again."""

from __future__ import annotations

import marshal
import tempfile
from array import array
from collections.abc import Iterator, Mapping, Sequence
from typing import IO, Final

from minikafka.history import Event
from minikafka.trace import Fact, TraceEvent, new
from minikafka.types import TopicPartition

TOGETHER: Final = 1_000
"""Events that are read at a time."""
Plain = tuple[int, int, int, int, str, str, tuple[str, int] | None, int | None, dict[str, Fact]]


class Spilled:
    """A file of blocks, made when there is something to write."""

    def __init__(self) -> None:
        self._file: IO[bytes] | None = None
        self._ends = array("q", [0])
        self.is_closed = False

    def add(self, events: Sequence[Event]) -> None:
        """Behind what is there."""
        if self._file is None:
            self._file = tempfile.TemporaryFile(prefix="minikafka-ledger-")  # noqa: SIM115 - it lives as we do
        self._file.seek(self._ends[-1])
        for first in range(0, len(events), TOGETHER):
            written = _written([_plain(event) for event in events[first : first + TOGETHER]])
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
        return map(_event, marshal.loads(self._file.read(end - start)))  # noqa: S302 - our own temporary file

    def close(self) -> None:
        """It is gone, for whoever reads it as well."""
        self.is_closed = True
        if self._file is not None:
            self._file.close()


def _written(plain: list[Plain]) -> bytes:
    try:
        return marshal.dumps(plain)
    except ValueError:  # facts that are sequences of another kind than tuples and lists
        return marshal.dumps([(*fixed, _plain_facts(facts)) for *fixed, facts in plain])


def _plain(event: Event) -> Plain:
    told = event.told
    partition = None if told.partition is None else (told.partition.topic, told.partition.partition)
    return (
        event.seq,
        event.broker,
        told.n,
        told.t_ms,
        told.kind,
        told.rule,
        partition,
        told.cause,
        told.facts,
    )


def _plain_facts(facts: Mapping[str, Fact]) -> dict[str, object]:
    return {
        name: fact if isinstance(fact, str | int) or fact is None else list(fact)
        for name, fact in facts.items()
    }


def _event(plain: Plain) -> Event:
    seq, broker, n, t_ms, kind, rule, partition, cause, facts = plain
    name = None if partition is None else TopicPartition(*partition)
    return new(Event, (seq, broker, new(TraceEvent, (n, t_ms, kind, rule, name, cause, facts))))
