"""What a node says it did and why: one event per transition, for people, checkers and tests.

    trace.event("isr", "R8", name, isr=[1, 2], dropped=[3], why="not caught up for 30000 ms")

An event has a *kind* (`KINDS`), the id of the *rule* that made it so, the partition it is about, if any, and *facts*.
Its `n` counts the events of one node, through all its lives; `cause` is the `n` of the event of the same node that led
to it. What came from outside (a request, a timer, a peer's answer, the disk) is the *stimulus*: it becomes an event of
its own, lazily, when the first thing it causes is told, so every chain of causes ends in something from outside.

Nothing is built unless somebody listens. A disabled trace is one attribute test, at the place where it is told:

    if trace.on:
        trace.event(...)

The machines tell; the shells listen: a node hands over the events of a turn as one `Traced` effect.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import repeat
from types import MappingProxyType
from typing import Final, NamedTuple, TypeAlias, overload

from minikafka.types import Now, TopicPartition

Fact: TypeAlias = str | int | bool | Sequence[int] | Sequence[str] | None

KINDS: Final[Mapping[str, str]] = MappingProxyType(
    {
        # Stimuli: what came from outside.
        "request": "a request that led to something: API, version, client, connection",
        "timer": "a timer that was due",
        "peer": "another node's answer, or the loss of it",
        "disk": "an fsync or a disk job that ended",
        "control": "what a test, a tool or the process's owner asked for",
        # The log.
        "append": "a batch was appended",
        "ack": "a produce is to be answered",
        "left": "answers were handed to the kernel: `acks` are the events they answer",
        "refused": "a request, or its part for one partition, was refused",
        "sequence": "a producer's sequence was judged: accepted, duplicate, out_of_order, fenced",
        "roll": "a segment ended and the next one began",
        "log_start": "the log start offset rose",
        "delete": "segments or a whole log were deleted",
        "clean": "a compacted log was cleaned",
        "flush": "records reached the disk",
        "truncate": "the end of a log was cut off",
        "recovery": "a log was opened, and what recovery found",
        "checkpoint": "offsets, a snapshot or a clean-shutdown note were written",
        "disk_failed": "a log directory failed and is offline",
        # Reading.
        "fetch": "a fetch was answered, parked or sent elsewhere",
        "offsets": "an offset was looked up by time or by epoch",
        "fetch_session": "an incremental fetch session was opened, used, refused or evicted",
        "metadata": "what a client was told of the cluster",
        # Replication.
        "high_watermark": "what is committed moved",
        "last_stable_offset": "what a read_committed reader may see moved",
        "caught_up": "a follower's fetch acknowledged what is below it",
        "isr": "the in-sync replicas changed, or a change was proposed or refused",
        "leader_epoch": "a replica became leader or follower in a new epoch",
        "election": "the controller chose a leader",
        "reassignment": "replicas of a partition are being moved",
        "broker": "a broker registered, was fenced, unfenced or left",
        "feature": "a finalized feature changed its level",
        "topic": "a topic was created, changed or deleted",
        "config": "a setting changed at run time",
        # Coordinators.
        "coordinator": "a coordinator partition was loaded, given up, or made somebody wait",
        "producer_id": "a producer id or a block of them was handed out",
        "transaction": "a transaction changed its state at the coordinator",
        "verification": "a partition's leader asked the coordinator about a transaction",
        "marker": "an end-transaction marker was sent, written or given up",
        "group": "a consumer group or a member of it changed",
        "offset_commit": "a committed offset was stored, made pending, or expired",
        # What was done to the node.
        "fault": "a fault rule, a cut link or a failing disk struck",
        "lifecycle": "the node started, joined, left or halted",
    }
)
"""Every kind of event and what it tells. A kind that is not here may not be told (a test holds that)."""


new: Final = tuple.__new__
"""Makes a NamedTuple of a tuple, without the function that every NamedTuple has for it: events are many."""


class TraceEvent(NamedTuple):
    """One event. t_ms: broker time (monotonic). cause: the `n` of another event of this node; None: not known."""

    n: int
    t_ms: int
    kind: str
    rule: str
    partition: TopicPartition | None
    cause: int | None
    facts: dict[str, Fact]


Row: TypeAlias = list[int | str | TopicPartition | dict[str, Fact] | None]
"""Fields of events, one event after the other, each in the order of `TraceEvent`."""
WIDTH: Final = len(TraceEvent._fields)
KIND, RULE, PARTITION, FACTS = (
    TraceEvent._fields.index(name) for name in ("kind", "rule", "partition", "facts")
)
"""Where they are in an event's part of a row."""


class Events(Sequence[TraceEvent]):
    """Events in order, made into objects when somebody looks at them. Most are never looked at, and each object that is
    kept is one more for the garbage collector to walk over, again and again."""

    __slots__ = ("row",)

    def __init__(self, row: Row) -> None:
        self.row = row

    @classmethod
    def of(cls, events: Sequence[TraceEvent]) -> Events:
        """The same events."""
        return events if isinstance(events, Events) else cls([field for event in events for field in event])

    def __len__(self) -> int:
        return len(self.row) // WIDTH

    @overload
    def __getitem__(self, index: int) -> TraceEvent: ...
    @overload
    def __getitem__(self, index: slice) -> list[TraceEvent]: ...
    def __getitem__(self, index: int | slice) -> TraceEvent | list[TraceEvent]:
        if isinstance(index, slice):
            return list(self)[index]
        at = range(0, len(self.row), WIDTH)[index]
        return TraceEvent._make(self.row[at : at + WIDTH])

    def __iter__(self) -> Iterator[TraceEvent]:
        fields = iter(self.row)
        return map(TraceEvent._make, zip(*repeat(fields, WIDTH), strict=True))

    def kinds(self) -> Row:
        """Of each."""
        return self.row[KIND::WIDTH]


class Trace:
    """The events of one node. Whoever builds nodes keeps it, so that `n` goes on rising in the next life."""

    __slots__ = ("_cause", "_n", "_stimulus", "_t_ms", "on", "untaken")

    def __init__(self, *, on: bool = False, after: int = 0) -> None:
        """`on`: somebody listens; may be changed between any two turns. `after`: the last `n` of earlier lives."""
        self.on = on
        self.untaken: Row = []
        """The events told since the last time somebody took them."""
        self._n = after
        self._t_ms = 0
        self._stimulus: tuple[str, dict[str, Fact]] | None = None
        self._cause: int | None = None

    def begin(self, now: Now) -> None:
        """A turn begins; its events happen at `now`, without a known stimulus so far."""
        self._t_ms = now.monotonic_ms
        self._stimulus = self._cause = None

    def stimulus(self, kind: str, /, **facts: Fact) -> None:
        """What is told from here on was caused by this, unless it names its own cause."""
        self._stimulus = (kind, facts)
        self._cause = None

    def stimulus_again(self, kind: str, facts: dict[str, Fact]) -> None:
        """The same, of facts that were made once for many; nobody changes them."""
        self._stimulus = (kind, facts)
        self._cause = None

    def no_stimulus(self) -> None:
        """What is told from here on has no one stimulus (a turn settling what several events caused)."""
        self._stimulus = self._cause = None

    def event(
        self,
        kind: str,
        rule: str,
        partition: TopicPartition | None = None,
        cause: int | None = None,
        /,
        **facts: Fact,
    ) -> int:
        """Tell one event; returns its `n`, for a later event to name as its cause. Call it only while `on`.

        What is no fact has no keyword: with parameters that could be meant, Python compares each fact's name to each of
        theirs, which takes longer than all the rest.
        """
        n = self._n
        if cause is None:
            stimulus = self._stimulus
            if stimulus is not None:
                self._stimulus = None
                self._cause = n = n + 1
                self.untaken += (n, self._t_ms, stimulus[0], "", None, None, stimulus[1])
            cause = self._cause
        self._n = n = n + 1
        self.untaken += (n, self._t_ms, kind, rule, partition, cause, facts)
        return n

    def take(self) -> Events:
        """The events told since the last time, in order."""
        row, self.untaken = self.untaken, []
        return Events(row)


NOBODY: Final = Trace()
"""Listens to nothing; for machines built without a node. Never switched on."""
