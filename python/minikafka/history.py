"""What was recorded of several nodes' events, in the order they arrived: a bounded ring, and whoever listens to it.

One schema everywhere (HTTP, `--trace`, pytest, the lab): one JSON object per line,

    {"seq": 7, "t_ms": 1203, "broker": 2, "n": 4, "kind": "isr", "rule": "R8", "topic": "orders", "partition": 0, ...}

`seq` orders all nodes as the recorder heard them; `(broker, n)` orders one node, and `cause` is an `n` of the same
node.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Sequence
from itertools import islice, repeat
from typing import Any, Final, NamedTuple, TypeAlias

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


MOST_ASIDE: Final = 500
"""Turns whose events are put aside before they are looked through."""
HearAll: TypeAlias = Callable[[BrokerId, int, Sequence[TraceEvent]], None]
"""(node, `seq` of the first, events in order)."""


class History:
    """A bounded ring of events, and listeners that hear each one once, in order.

    Recording happens in the middle of everything else and so does as little as it can: the events of a turn are put
    aside as they are, and looked through many at a time, or when somebody asks.
    """

    def __init__(self, limit: int = RING_EVENTS) -> None:
        self._told: deque[tuple[BrokerId, TraceEvent]] = deque(maxlen=limit)
        self._aside: list[tuple[BrokerId, Sequence[TraceEvent]]] = []
        self._aside_seq = 0
        """Of the last event before those put aside."""
        self._listeners: list[HearAll] = []
        self._impatient = 0
        """Listeners that want to hear at once."""
        self._seq = 0

    @property
    def last_seq(self) -> int:
        """Of the newest event; 0 before the first."""
        return self._seq

    def record(self, broker: BrokerId, events: Sequence[TraceEvent]) -> None:
        """Events of one node, in its order; the sequence is ours from now on."""
        self._seq += len(events)
        self._aside.append((broker, events))
        if self._impatient or len(self._aside) >= MOST_ASIDE:
            self.settle()

    def settle(self) -> None:
        """Look through what was put aside: every listener has heard of everything then."""
        aside, self._aside = self._aside, []
        for broker, events in aside:
            first = self._aside_seq + 1
            self._aside_seq += len(events)
            self._told.extend(zip(repeat(broker), events, strict=False))
            for listener in tuple(self._listeners):
                listener(broker, first, events)

    def events(self, *, after: int = 0) -> list[Event]:
        """Those still kept whose `seq` is greater than `after`, oldest first."""
        self.settle()
        first = self._seq - len(self._told) + 1
        skipped = max(0, after + 1 - first)
        kept = enumerate(islice(self._told, skipped, None), first + skipped)
        return [Event(seq, broker, told) for seq, (broker, told) in kept]

    def find(self, broker: BrokerId, told: TraceEvent) -> Event:
        """As it was recorded; one that was not kept has the newest `seq`."""
        self.settle()
        for back, (node, one) in enumerate(reversed(self._told)):
            if node == broker and one.n == told.n:
                return Event(self._seq - back, broker, one)
        return Event(self._seq, broker, told)

    def listen(self, listener: Callable[[Event], None]) -> Callable[[], None]:
        """Call `listener` for every event from now on, at once; returns how to stop."""

        def each(broker: BrokerId, seq: int, events: Sequence[TraceEvent]) -> None:
            for number, told in enumerate(events, seq):
                listener(Event(number, broker, told))

        stop = self.listen_late(each)
        self._impatient += 1

        def stop_listening() -> None:
            self._impatient -= 1
            stop()

        return stop_listening

    def listen_late(self, listener: HearAll) -> Callable[[], None]:
        """The same for who can wait (until `settle`) and leaves most events aside: those of a turn together."""
        self.settle()
        self._listeners.append(listener)

        def stop_listening() -> None:
            self.settle()
            self._listeners.remove(listener)

        return stop_listening
