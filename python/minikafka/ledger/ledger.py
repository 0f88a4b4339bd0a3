"""The ledger: the events that say what became of batches, kept for as long as the cluster lives.

While the cluster runs it only keeps events, cheaply: a list that spills to a temporary file when it grows. They are
read, once, when somebody asks for a verdict.
"""

from __future__ import annotations

import marshal
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from typing import IO, Final

from minikafka.history import Event, History
from minikafka.trace import Fact, TraceEvent
from minikafka.types import BrokerId, TopicPartition

KEPT: Final = frozenset(
    {
        "append",
        "ack",
        "left",
        "refused",
        "sequence",
        "truncate",
        "recovery",
        "election",
        "isr",
        "leader_epoch",
        "high_watermark",
        "flush",
        "marker",
        "transaction",
        "coordinator",
        "fetch",
        "topic",
        "fault",
    }
)
"""Kinds of events that a verdict looks at."""
SIFTED: Final = frozenset({"fetch", "high_watermark", "coordinator"})
"""Of those, the kinds of which most are left aside (`_matters`)."""
NO_REPLICA: Final = -1
"""Who fetches is a consumer."""
COUNTED: Final = "R4"
"""The rule by which a leader moves its high watermark."""
IN_MEMORY: Final = 20_000
"""Events kept in memory; more are written away, so many at a time."""


class Ledger:
    """Listens to a history from now on."""

    def __init__(self, history: History) -> None:
        self._events: list[Event] = []
        self._spilled: IO[bytes] | None = None
        self._chunks = 0
        self._history = history
        self._stop = history.listen_late(self._hear)

    def _hear(self, broker: BrokerId, seq: int, events: Sequence[TraceEvent]) -> None:
        kept = self._events
        for number, told in enumerate(events, seq):
            if told.kind == "lifecycle" and told.facts.get("what") == "taken back":
                self._forget()
                kept = self._events
            if told.kind in KEPT and (told.kind not in SIFTED or _matters(told)):
                kept.append(Event(number, broker, told))
        if len(kept) >= IN_MEMORY:
            self._spill()

    def _spill(self) -> None:
        if self._spilled is None:
            self._spilled = tempfile.TemporaryFile(prefix="minikafka-ledger-")  # noqa: SIM115 - it lives as we do
        self._spilled.seek(0, 2)
        plain = [_plain(event) for event in self._events]
        try:
            written = marshal.dumps(plain)
        except ValueError:  # facts that are sequences of another kind than tuples and lists
            written = marshal.dumps([(*fixed, _plain_facts(facts)) for *fixed, facts in plain])
        self._spilled.write(written)
        self._chunks += 1
        self._events = []

    def events(self) -> Iterator[Event]:
        """Everything kept, oldest first."""
        self._history.settle()
        if self._spilled is not None:
            self._spilled.seek(0)
            for _ in range(self._chunks):
                yield from map(_event, marshal.load(self._spilled))  # noqa: S302 - our own temporary file
        yield from self._events

    def _forget(self) -> None:
        """A snapshot was restored: what was acknowledged after it is gone on purpose, what was before is settled."""
        self._events = []
        self._chunks = 0
        if self._spilled is not None:
            self._spilled.truncate(0)

    def close(self) -> None:
        """Listen no longer; forget everything."""
        self._stop()
        self._events = []
        if self._spilled is not None:
            self._spilled.close()


def _matters(told: TraceEvent) -> bool:
    """Of the kinds that are told most, what a verdict never looks at: fetches of followers and those that wait, a
    follower's high watermark."""
    match told.kind:
        case "fetch":
            return told.facts.get("what") == "read" and told.facts.get("replica_id") == NO_REPLICA
        case "high_watermark":
            return told.rule == COUNTED
        case "coordinator":
            return told.facts.get("what") == "loaded"
        case _:
            return True


Plain = tuple[int, int, int, int, str, str, tuple[str, int] | None, int | None, dict[str, Fact]]


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
    return Event(seq, broker, TraceEvent(n, t_ms, kind, rule, name, cause, facts))
