"""Facts about batches, put together from events: where each was appended, who was told so, what was cut off.

    append ──> ack ──> left          the leader wrote it, decided to say so, and the kernel took the answer
    append (replicated)              a follower has it
    truncate, recovery               a log ended lower than it had
    election, isr, leader_epoch      who led, and how many counted, when
    fetch                            what was handed to a consumer
    transaction, marker              what was decided of it, and where that was written

Nothing here is judged.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from minikafka.history import Event
from minikafka.types import NO_PRODUCER_ID, BrokerId, LeaderEpoch, Offset, ProducerId, TopicPartition

COMMITTED: Final = "NONE"
Place = tuple[TopicPartition, Offset]


@dataclass(slots=True)
class Batch:
    """One append by a leader. last_offset: inclusive. left: the answers that were handed to the kernel. sequence: how
    its producer's sequence was judged, where it has one."""

    name: TopicPartition
    broker: BrokerId
    append: Event
    base_offset: Offset
    last_offset: Offset
    leader_epoch: LeaderEpoch
    crc: int
    producer_id: int
    producer_epoch: int
    first_sequence: int
    transactional: bool
    acks: list[Event] = field(default_factory=list)
    left: list[Event] = field(default_factory=list)
    sequence: Event | None = None

    @property
    def records(self) -> int:
        return self.last_offset - self.base_offset + 1

    @property
    def is_acknowledged(self) -> bool:
        """A producer may have heard that it is there."""
        return bool(self.left)

    @property
    def answer(self) -> Event | None:
        """The decision behind the first answer that left."""
        told = {ack.n: ack for ack in self.acks}
        for left in self.left:
            for n in numbers(left, "acks"):
                if n in told:
                    return told[n]
        return None

    @property
    def acked_by(self) -> int:
        """The acks its producer asked for: of the first answer that left."""
        answer = self.answer
        return 1 if answer is None else number(answer, "acks")

    @property
    def story(self) -> tuple[Event, ...]:
        """How it came into the log, and who was told first: a retry that is recognised is told again."""
        judged = () if self.sequence is None else (self.sequence,)
        answer = self.answer
        told = self.acks[:1] if answer is None else [answer]
        return (*judged, self.append, *told, *self.left[:1])


@dataclass(slots=True)
class PartitionFacts:
    """What was told of one partition, in the order it was told."""

    name: TopicPartition
    batches: list[Batch] = field(default_factory=list)
    replicated: list[Event] = field(default_factory=list)
    cuts: list[Event] = field(default_factory=list)
    """Truncations and recoveries: a log ended lower than before."""
    elections: list[Event] = field(default_factory=list)
    isr: list[Event] = field(default_factory=list)
    roles: list[Event] = field(default_factory=list)
    """A replica became leader or follower."""
    high_watermarks: list[Event] = field(default_factory=list)
    """Of leaders: what was committed."""
    reads: list[Event] = field(default_factory=list)
    """Handed to consumers."""
    markers: list[Event] = field(default_factory=list)
    refused: list[Event] = field(default_factory=list)
    """Produces that were refused, or answered with an error."""
    flushes: list[Event] = field(default_factory=list)


class Facts:
    """Everything that the events of one cluster say."""

    def __init__(self, events: Iterable[Event]) -> None:
        self.partitions: dict[TopicPartition, PartitionFacts] = {}
        self.faults: list[Event] = []
        self.transactions: dict[str, list[Event]] = {}
        """Moves at the coordinator, by transactional id."""
        self.transactional_ids: dict[ProducerId, list[str]] = {}
        """Who had a producer id: one id at a time, unless it was handed out twice."""
        self.coordinators: list[Event] = []
        """Loaded."""
        self.markers_sent: list[Event] = []
        """By coordinators, to a broker for several partitions at once."""
        self.last: Event | None = None
        self._by_append: dict[tuple[BrokerId, int], Batch] = {}
        self._by_ack: dict[tuple[BrokerId, int], Batch] = {}
        self._place: dict[Place, Batch] = {}
        self._judged: dict[tuple[BrokerId, TopicPartition], Event] = {}
        for event in events:
            self._note(event)

    def of(self, name: TopicPartition) -> PartitionFacts:
        """Made when first asked for."""
        return self.partitions.setdefault(name, PartitionFacts(name))

    def _note(self, event: Event) -> None:
        self.last = event
        match event.kind:
            case "left":
                for n in numbers(event, "acks"):
                    batch = self._by_ack.get((event.broker, n))
                    if batch is not None:
                        batch.left.append(event)
            case "fault":
                self.faults.append(event)
            case "transaction":
                self._transaction(event)
            case "coordinator":
                self.coordinators.append(event)
            case "marker" if event.told.partition is None:
                self.markers_sent.append(event)
            case "topic" if event.get("what") == "deleted":
                self._forget(str(event.get("name")))
            case _ if event.told.partition is not None:
                self._note_partition(event, event.told.partition)

    def _transaction(self, event: Event) -> None:
        name, producer_id = str(event.get("transactional_id")), number(event, "producer_id")
        self.transactions.setdefault(name, []).append(event)
        known = self.transactional_ids.setdefault(producer_id, [])
        if name not in known:
            known.append(name)

    def _forget(self, topic: str) -> None:
        """A deleted topic owes nothing, and one of the same name is another."""
        for name in [name for name in self.partitions if name.topic == topic]:
            del self.partitions[name]
        self._place = {place: batch for place, batch in self._place.items() if place[0].topic != topic}

    def _note_partition(self, event: Event, name: TopicPartition) -> None:
        facts = self.of(name)
        match event.kind:
            case "append" if event.get("replicated"):
                facts.replicated.append(event)
            case "append":
                self._append(facts, event)
            case "sequence":
                self._sequence(event, name)
            case "ack":
                self._ack(facts, event)
            case "fetch":
                facts.reads.append(event)
            case "truncate" | "recovery":
                facts.cuts.append(event)
            case kind if kind in LISTS:
                getattr(facts, LISTS[kind]).append(event)

    def _append(self, facts: PartitionFacts, event: Event) -> None:
        batch = Batch(
            facts.name,
            event.broker,
            event,
            number(event, "base_offset"),
            number(event, "last_offset"),
            number(event, "leader_epoch"),
            number(event, "crc"),
            number(event, "producer_id", NO_PRODUCER_ID),
            number(event, "producer_epoch"),
            number(event, "first_sequence"),
            bool(event.get("transactional")),
        )
        judged = self._judged.get((event.broker, facts.name))
        if judged is not None and judged.cause == event.cause and _names(judged, batch):
            batch.sequence = judged
        facts.batches.append(batch)
        self._by_append[event.broker, event.n] = batch
        self._place[facts.name, batch.base_offset] = batch

    def _sequence(self, event: Event, name: TopicPartition) -> None:
        self._judged[event.broker, name] = event
        if event.get("outcome") == "duplicate":
            # The first copy is what a retry is told of.
            batch = self._place.get((name, number(event, "first_offset")))
            if batch is not None:
                self._by_append[event.broker, event.n] = batch

    def _ack(self, facts: PartitionFacts, event: Event) -> None:
        if event.get("code") != COMMITTED:
            facts.refused.append(event)
            return
        batch = self._by_append.get((event.broker, -1 if event.cause is None else event.cause))
        if batch is not None:
            batch.acks.append(event)
            self._by_ack[event.broker, event.n] = batch


LISTS: Final = {
    "election": "elections",
    "isr": "isr",
    "leader_epoch": "roles",
    "high_watermark": "high_watermarks",
    "marker": "markers",
    "refused": "refused",
    "flush": "flushes",
}
"""Which list of a partition's facts keeps a kind of event."""


def _names(judged: Event, batch: Batch) -> bool:
    told = (number(judged, "producer_id"), number(judged, "first_sequence"))
    return told == (batch.producer_id, batch.first_sequence)


def number(event: Event, fact: str, otherwise: int = -1) -> int:
    """The fact, if it is a number."""
    value = event.get(fact, otherwise)
    return value if isinstance(value, int) else otherwise


def numbers(event: Event, fact: str) -> list[int]:
    """The fact, if it is a list of numbers."""
    value = event.get(fact)
    return [one for one in value if isinstance(one, int)] if isinstance(value, list | tuple) else []


def in_order(*events: Iterable[Event]) -> tuple[Event, ...]:
    """Each once, as they arrived."""
    found = {event.seq: event for some in events for event in some}
    return tuple(found[seq] for seq in sorted(found))
