"""Facts about batches, put together from events: where each was appended, who was told so, what was cut off.

    append ──> ack ──> left          the leader wrote it, decided to say so, and the kernel took the answer
    append (replicated)              a follower has it
    truncate, recovery               a log ended lower than it had
    election, isr                    who led, and how many counted, when

Nothing here is judged.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from minikafka.history import Event
from minikafka.types import NO_PRODUCER_ID, BrokerId, LeaderEpoch, Offset, TopicPartition

COMMITTED: Final = "NONE"


@dataclass(slots=True)
class Batch:
    """One append by a leader. last_offset: inclusive. left: the answers that were handed to the kernel.
    isr_size: how many counted when it was appended, as far as was told."""

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

    @property
    def records(self) -> int:
        return self.last_offset - self.base_offset + 1

    @property
    def is_acknowledged(self) -> bool:
        """A producer may have heard that it is there."""
        return bool(self.left)

    @property
    def acked_by(self) -> int:
        """The acks its producer asked for: of the first answer that left."""
        told = {ack.n: ack for ack in self.acks}
        for left in self.left:
            for n in _numbers(left, "acks"):
                if n in told:
                    return _number(told[n], "acks")
        return 1


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
    forgotten: list[Event] = field(default_factory=list)
    """Retention, DeleteRecords, deletion: what went on purpose."""


class Facts:
    """Everything that the events of one cluster say."""

    def __init__(self, events: Iterable[Event]) -> None:
        self.partitions: dict[TopicPartition, PartitionFacts] = {}
        self.faults: list[Event] = []
        self._by_append: dict[tuple[BrokerId, int], Batch] = {}
        self._by_ack: dict[tuple[BrokerId, int], Batch] = {}
        self._place: dict[tuple[TopicPartition, Offset], Batch] = {}
        for event in events:
            self._note(event)

    def of(self, name: TopicPartition) -> PartitionFacts:
        """Made when first asked for."""
        return self.partitions.setdefault(name, PartitionFacts(name))

    def _note(self, event: Event) -> None:
        if event.kind == "left":
            for n in _numbers(event, "acks"):
                batch = self._by_ack.get((event.broker, n))
                if batch is not None:
                    batch.left.append(event)
        elif event.kind == "fault":
            self.faults.append(event)
        elif event.told.partition is not None:
            self._note_partition(event, event.told.partition)

    def _note_partition(self, event: Event, name: TopicPartition) -> None:
        facts = self.of(name)
        match event.kind:
            case "append" if event.get("replicated"):
                facts.replicated.append(event)
            case "append":
                self._append(facts, event)
            case "sequence" if event.get("outcome") == "duplicate":
                # The first copy is what a retry is told of.
                batch = self._place.get((name, _number(event, "first_offset")))
                if batch is not None:
                    self._by_append[event.broker, event.n] = batch
            case "ack":
                self._ack(event)
            case "truncate" | "recovery":
                facts.cuts.append(event)
            case "election":
                facts.elections.append(event)
            case "isr":
                facts.isr.append(event)
            case "log_start" | "delete":
                facts.forgotten.append(event)

    def _append(self, facts: PartitionFacts, event: Event) -> None:
        batch = Batch(
            facts.name,
            event.broker,
            event,
            _number(event, "base_offset"),
            _number(event, "last_offset"),
            _number(event, "leader_epoch"),
            _number(event, "crc"),
            _number(event, "producer_id", NO_PRODUCER_ID),
            _number(event, "producer_epoch"),
            _number(event, "first_sequence"),
            bool(event.get("transactional")),
        )
        facts.batches.append(batch)
        self._by_append[event.broker, event.n] = batch
        self._place[facts.name, batch.base_offset] = batch

    def _ack(self, event: Event) -> None:
        batch = self._by_append.get((event.broker, event.cause or -1))
        if batch is not None and event.get("code") == COMMITTED:
            batch.acks.append(event)
            self._by_ack[event.broker, event.n] = batch


def _number(event: Event, fact: str, otherwise: int = -1) -> int:
    value = event.get(fact, otherwise)
    return value if isinstance(value, int) else otherwise


def _numbers(event: Event, fact: str) -> list[int]:
    value = event.get(fact)
    return [one for one in value if isinstance(one, int)] if isinstance(value, list | tuple) else []
