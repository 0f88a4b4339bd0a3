"""The ledger: the events that say what became of batches, kept for as long as the cluster lives.

While the cluster runs it only keeps events, cheaply: a list that spills to a temporary file when it grows. They are
read when somebody asks for a verdict, and then never all at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from minikafka.errors import MinikafkaError
from minikafka.history import Event, History
from minikafka.ledger.spilled import Spilled
from minikafka.trace import TraceEvent
from minikafka.types import BrokerId

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
        self._spilled = Spilled()
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
            self._spilled.add(kept)
            self._events = []

    def events(self) -> KeptEvents:
        """Everything kept until now, oldest first, as often as it is asked for."""
        self._history.settle()
        return KeptEvents(self._spilled, len(self._spilled), tuple(self._events))

    def _forget(self) -> None:
        """A snapshot was restored: what was acknowledged after it is gone on purpose, what was before is settled."""
        self._events = []
        self._spilled.close()
        self._spilled = Spilled()

    def close(self) -> None:
        """Listen no longer; forget everything."""
        self._stop()
        self._events = []
        self._spilled.close()


class KeptEvents:
    """What a ledger had kept at one moment. It can be gone through again, which takes no memory but for some events at
    a time. Raises MinikafkaError when the ledger has forgotten it meanwhile."""

    def __init__(self, spilled: Spilled, count: int, newest: Sequence[Event]) -> None:
        self._spilled = spilled
        self._count = count
        self._newest = newest

    def __iter__(self) -> Iterator[Event]:
        for index in range(self._count):
            if self._spilled.is_closed:
                raise MinikafkaError(
                    "the ledger forgot its events meanwhile: closed, or a snapshot was restored"
                )
            yield from self._spilled.read(index)
        yield from self._newest


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
