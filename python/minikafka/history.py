"""What was recorded of several nodes' events, in the order they arrived: a bounded ring, and whoever listens to it.

One schema everywhere (HTTP, `--trace`, pytest, the lab): one JSON object per line,

    {"seq": 7, "t_ms": 1203, "broker": 2, "n": 4, "kind": "isr", "rule": "R8", "topic": "orders", "partition": 0, ...}

`seq` orders all nodes as the recorder heard them; `(broker, n)` orders one node, and `cause` is an `n` of the same
node.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any, Final, NamedTuple

from minikafka.trace import Fact, TraceEvent
from minikafka.types import BrokerId

RING_EVENTS: Final = 100_000
"""How many events are kept; older ones are forgotten."""


class Event(NamedTuple):
    """One event of one node, as recorded. Facts are read like attributes of a dict: `event["isr"]`, `event.get("why")`.

    t_ms: the node's broker time. broker: the node's id, 1000 for the controller.
    """

    seq: int
    broker: BrokerId
    told: TraceEvent

    @property
    def kind(self) -> str:
        return self.told.kind

    @property
    def rule(self) -> str:
        """The rule id (docs/reference/rules.md); empty for a stimulus."""
        return self.told.rule

    @property
    def t_ms(self) -> int:
        return self.told.t_ms

    @property
    def n(self) -> int:
        return self.told.n

    @property
    def cause(self) -> int | None:
        return self.told.cause

    @property
    def topic(self) -> str | None:
        return None if self.told.partition is None else self.told.partition.topic

    @property
    def partition(self) -> int | None:
        return None if self.told.partition is None else self.told.partition.partition

    @property
    def facts(self) -> dict[str, Fact]:
        return self.told.facts

    def get(self, name: str, default: Fact = None) -> Fact:
        """The fact of this name."""
        return self.told.facts.get(name, default)

    def as_dict(self) -> dict[str, Any]:
        """The event in the one schema; facts follow the fixed fields."""
        told = self.told
        fixed: dict[str, Any] = {
            "seq": self.seq,
            "t_ms": told.t_ms,
            "broker": self.broker,
            "n": told.n,
            "kind": told.kind,
            "rule": told.rule,
        }
        if told.partition is not None:
            fixed["topic"], fixed["partition"] = told.partition
        if told.cause is not None:
            fixed["cause"] = told.cause
        return fixed | {name: fact for name, fact in told.facts.items() if name not in fixed}

    def as_json(self) -> str:
        """One line, without its newline."""
        return json.dumps(self.as_dict(), separators=(",", ":"))


class History:
    """A bounded ring of events, and listeners that hear each one once, in order."""

    def __init__(self, limit: int = RING_EVENTS) -> None:
        self._events: deque[Event] = deque(maxlen=limit)
        self._listeners: list[Callable[[Event], None]] = []
        self._seq = 0

    @property
    def last_seq(self) -> int:
        """Of the newest event; 0 before the first."""
        return self._seq

    def record(self, broker: BrokerId, events: Iterable[TraceEvent]) -> None:
        """Events of one node, in its order."""
        for told in events:
            self._seq += 1
            event = Event(self._seq, broker, told)
            self._events.append(event)
            for listener in tuple(self._listeners):
                listener(event)

    def events(self, *, after: int = 0) -> list[Event]:
        """Those still kept whose `seq` is greater than `after`, oldest first."""
        return [event for event in self._events if event.seq > after]

    def find(self, broker: BrokerId, told: TraceEvent) -> Event:
        """As it was recorded; one that was not kept has the newest `seq`."""
        for event in reversed(self._events):
            if event.broker == broker and event.told.n == told.n:
                return event
        return Event(self._seq, broker, told)

    def listen(self, listener: Callable[[Event], None]) -> Callable[[], None]:
        """Call `listener` for every event from now on; returns how to stop."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)
