"""What was recorded of several nodes' events, in the order they arrived: a bounded ring, and whoever listens to it.

One schema everywhere (HTTP, `--trace`, pytest, the lab): one JSON object per line,

    {"seq": 7, "t_ms": 1203, "broker": 2, "n": 4, "kind": "isr", "rule": "R8", "topic": "orders", "partition": 0, ...}

`seq` orders all nodes as the recorder heard them; `(broker, n)` orders one node, and `cause` is an `n` of the same
node.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from itertools import chain, repeat
from typing import Any, Final, NamedTuple, TypeAlias

from minikafka.trace import WIDTH, Events, Fact, Row, TraceEvent
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
CHUNK_EVENTS: Final = 2_000
"""How many events are forgotten together, about."""
HearAll: TypeAlias = Callable[[BrokerId, int, Events], None]
"""(node, `seq` of the first, events in order)."""


class _Chunk:
    """The events of several turns. last_seq: of the last of them. brokers: of each turn; counts: events in each."""

    __slots__ = ("brokers", "counts", "last_seq", "row")

    def __init__(self, last_seq: int) -> None:
        self.last_seq = last_seq
        self.brokers: list[BrokerId] = []
        self.counts: list[int] = []
        self.row: Row = []

    def add(self, turns: Sequence[tuple[BrokerId, Row]]) -> None:
        row, brokers, counts = self.row, self.brokers, self.counts
        before = len(row)
        for broker, told in turns:
            brokers.append(broker)
            counts.append(len(told) // WIDTH)
            row += told
        self.last_seq += (len(row) - before) // WIDTH

    def events(self) -> Iterator[Event]:
        events = Events(self.row)
        brokers = chain.from_iterable(map(repeat, self.brokers, self.counts))
        return map(Event, range(self.last_seq - len(events) + 1, self.last_seq + 1), brokers, events)


class History:
    """A bounded ring of events, and listeners that hear each one once, in order.

    Recording happens in the middle of everything else and so does as little as it can: the events of a turn are put
    aside as they are, and looked through many at a time, or when somebody asks.
    """

    def __init__(self, limit: int = RING_EVENTS) -> None:
        self._limit = limit
        self._chunks: deque[_Chunk] = deque()
        self._aside: list[tuple[BrokerId, Row]] = []
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
        row = events.row if type(events) is Events else Events.of(events).row
        self._seq += len(row) // WIDTH
        self._aside.append((broker, row))
        if self._impatient or len(self._aside) >= MOST_ASIDE:
            self.settle()

    def settle(self) -> None:
        """Look through what was put aside: every listener has heard of everything then."""
        aside, self._aside = self._aside, []
        if not aside:
            return
        chunks, first = self._chunks, self._aside_seq + 1
        if not chunks or len(chunks[-1].row) > CHUNK_EVENTS * WIDTH:
            chunks.append(_Chunk(self._aside_seq))
        chunks[-1].add(aside)
        self._aside_seq = chunks[-1].last_seq
        while chunks and self._aside_seq - chunks[0].last_seq >= self._limit:
            chunks.popleft()
        for listener in tuple(self._listeners):
            seq = first
            for broker, row in aside:
                listener(broker, seq, Events(row))
                seq += len(row) // WIDTH

    def events(self, *, after: int = 0) -> list[Event]:
        """Those still kept whose `seq` is greater than `after`, oldest first."""
        self.settle()
        after = max(after, self._seq - self._limit)
        chunks = (chunk for chunk in self._chunks if chunk.last_seq > after)
        return [event for chunk in chunks for event in chunk.events() if event.seq > after]

    def find(self, broker: BrokerId, told: TraceEvent) -> Event:
        """As it was recorded; one that was not kept has the newest `seq`."""
        self.settle()
        for chunk in reversed(self._chunks):
            for event in chunk.events():
                if event.broker == broker and event.n == told.n:
                    return event
        return Event(self._seq, broker, told)

    def listen(self, listener: Callable[[Event], None]) -> Callable[[], None]:
        """Call `listener` for every event from now on, at once; returns how to stop."""

        def each(broker: BrokerId, seq: int, events: Events) -> None:
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
