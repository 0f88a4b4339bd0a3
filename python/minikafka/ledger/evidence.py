"""The events behind what stands out, looked up in a second pass.

Memory goes with what is found: as many events as a finding's chain may need, and none of the batches that nothing
happened to.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial

from minikafka.history import Event
from minikafka.ledger.answers import Answers
from minikafka.ledger.batch import Batch
from minikafka.ledger.event_facts import number
from minikafka.ledger.facts import COMMITTED, Facts
from minikafka.ledger.moves import Move, Moves
from minikafka.ledger.partition_evidence import PartitionEvidence
from minikafka.ledger.wanted import Wanted
from minikafka.types import BrokerId, TopicPartition

ELSEWHERE = frozenset({"transaction", "coordinator", "topic"})
"""Kinds that are not about the records of the partition they may name."""


class Evidence:
    """What the events say about the wanted offsets of each partition."""

    def __init__(self, facts: Facts, wanted: Mapping[TopicPartition, Iterable[Wanted]]) -> None:
        everything = [one for some in wanted.values() for one in some]
        transactions = {one.moves_of for one in everything if one.moves_of is not None}
        producers = {one.markers_of for one in everything if one.markers_of is not None} | transactions
        self.moves: Moves = facts.moves
        self.coordinators: list[Event] = []
        """Loaded."""
        self.markers_sent: list[Event] = []
        """By coordinators, to a broker for several partitions at once."""
        self.last: Event | None = None
        self._ids = {name for producer_id in transactions for name in self.moves.ids_of(producer_id)}
        self._moves: dict[int, Event] = {}
        self._fresh = {
            name: partial(PartitionEvidence, name, tuple(some), producers, self._ids)
            for name, some in wanted.items()
        }
        self._partitions = {name: fresh() for name, fresh in self._fresh.items()}
        self._batches: list[Batch] = []
        self._answers = Answers()
        self._judged: dict[tuple[BrokerId, TopicPartition], Event] = {}
        for event in facts.events if wanted else ():
            self._note(event)

    def of(self, name: TopicPartition) -> PartitionEvidence:
        return self._partitions[name]

    def events_of(self, moves: Iterable[Move]) -> tuple[Event, ...]:
        """Of wanted transactional ids."""
        return tuple(self._moves[move.seq] for move in moves)

    def _note(self, event: Event) -> None:
        self.last = event
        if event.told.partition is not None and event.kind not in ELSEWHERE:
            own = self._partitions.get(event.told.partition)
            if own is not None:
                self._note_partition(event, own)
        else:
            self._note_elsewhere(event)

    def _note_elsewhere(self, event: Event) -> None:
        if event.kind == "left":
            for index in self._answers.left(event):
                self._batches[index].left.append(event)
        elif event.kind == "transaction":
            if str(event.get("transactional_id")) in self._ids:
                self._moves[event.seq] = event
        elif event.kind == "coordinator":
            self.coordinators.append(event)
        elif event.kind == "marker":
            if self._is_about(event):
                self.markers_sent.append(event)
        elif event.kind == "topic" and event.get("what") == "deleted":
            self._forget(str(event.get("name")))

    def _is_about(self, sent: Event) -> bool:
        names = sent.get("transactional_ids")
        return isinstance(names, list | tuple) and any(name in self._ids for name in names)

    def _forget(self, topic: str) -> None:
        for name, fresh in self._fresh.items():
            if name.topic == topic:
                self._partitions[name] = fresh()

    def _note_partition(self, event: Event, own: PartitionEvidence) -> None:
        match event.kind:
            case "append" if not event.get("replicated"):
                self._append(event, own)
            case "sequence":
                self._sequence(event, own)
            case "ack":
                self._ack(event, own)
            case "refused" if event.get("api") == "Produce":
                own.was_refused(event)
            case _:
                own.note(event)

    def _append(self, event: Event, own: PartitionEvidence) -> None:
        batch = own.appended(event, self._judged.get((event.broker, own.name)))
        if batch is None:
            own.newest.pop(number(event, "base_offset"), None)
            return
        own.newest[batch.base_offset] = len(self._batches)
        self._answers.about(event, len(self._batches))
        self._batches.append(batch)

    def _sequence(self, event: Event, own: PartitionEvidence) -> None:
        self._judged[event.broker, own.name] = event
        if event.get("outcome") == "duplicate":
            index = own.newest.get(number(event, "first_offset"))
            if index is not None:
                self._answers.about(event, index)

    def _ack(self, event: Event, own: PartitionEvidence) -> None:
        if event.get("code") != COMMITTED:
            own.was_refused(event)
            return
        index = self._answers.acked(event)
        if index is not None:
            self._batches[index].acks.append(event)
