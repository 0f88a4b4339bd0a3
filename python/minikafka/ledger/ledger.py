"""The ledger: the events that say what became of batches, kept for as long as the cluster lives.

While the cluster runs it only keeps events, cheaply: a list that spills to a temporary file when it grows. They are
read when somebody asks for a verdict, and then never all at once.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Final

from minikafka.errors import MinikafkaError
from minikafka.history import Event, History
from minikafka.ledger.spilled import WIDTH, Spilled, events_of
from minikafka.trace import FACTS, KIND, RULE, Events, Row
from minikafka.trace import WIDTH as EVENT_WIDTH
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
        self._kept: Row = []
        self._spilled = Spilled()
        self._history = history
        self._stop = history.listen_late(self._hear)

    def _hear(self, broker: BrokerId, seq: int, events: Events) -> None:
        kept, row = self._kept, events.row
        for number, kind in enumerate(events.kinds()):
            if kind in KEPT:
                at = number * EVENT_WIDTH
                if kind not in SIFTED or _matters(row, at):
                    kept += (seq + number, broker)
                    kept += row[at : at + EVENT_WIDTH]
            elif kind == "lifecycle" and events[number].facts.get("what") == "taken back":
                self._forget()
                kept = self._kept
        if len(kept) >= IN_MEMORY * WIDTH:
            self._spilled.add(kept)
            self._kept = []

    def events(self) -> KeptEvents:
        """Everything kept until now, oldest first, as often as it is asked for."""
        self._history.settle()
        return KeptEvents(self._spilled, self._kept)

    def _forget(self) -> None:
        """A snapshot was restored: what was acknowledged after it is gone on purpose, what was before is settled."""
        self._kept = []
        self._spilled.close()
        self._spilled = Spilled()

    def close(self) -> None:
        """Listen no longer; forget everything."""
        self._stop()
        self._kept = []
        self._spilled.close()


class KeptEvents:
    """What a ledger had kept at one moment. It can be gone through again, which takes no memory but for some events at
    a time. Raises MinikafkaError when the ledger has forgotten it meanwhile."""

    def __init__(self, spilled: Spilled, newest: Row) -> None:
        """`newest`: nothing but added to afterwards."""
        self._spilled = spilled
        self._count = len(spilled)
        self._newest = newest
        self._fields = len(newest)

    def __iter__(self) -> Iterator[Event]:
        for index in range(self._count):
            if self._spilled.is_closed:
                raise MinikafkaError(
                    "the ledger forgot its events meanwhile: closed, or a snapshot was restored"
                )
            yield from self._spilled.read(index)
        yield from events_of(islice(self._newest, self._fields))


def _matters(row: Row, at: int) -> bool:
    """Of the kinds that are told most, what a verdict never looks at: fetches of followers and those that wait, a
    follower's high watermark."""
    kind, facts = row[at + KIND], row[at + FACTS]
    if kind == "high_watermark":
        return row[at + RULE] == COUNTED
    assert isinstance(facts, dict), "an event ends with its facts"
    if kind == "fetch":
        return facts.get("what") == "read" and facts.get("replica_id") == NO_REPLICA
    return facts.get("what") == "loaded"
