"""What became of every batch, in few bytes: all that has to be known of a batch that nothing happened to.

    append ──> ack ──> left          the leader wrote it, decided to say so, and the kernel took the answer
    refused                          a produce that was not taken
    fetch                            something was handed to a consumer
    transaction                      what was decided of it

The events are gone through once and let go: a batch leaves a row of numbers (`outline.py`), a move of a transaction
another (`moves.py`). From those, and the logs, the verdict sees what stands out; its events are then looked up in a
second pass (`evidence.py`). Nothing here is judged.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Final

from minikafka.history import Event
from minikafka.ledger.answers import Answers
from minikafka.ledger.event_facts import number
from minikafka.ledger.moves import Moves
from minikafka.ledger.outline import Outline
from minikafka.types import TopicPartition

COMMITTED: Final = "NONE"
ROW_BITS: Final = 40
ROW: Final = (1 << ROW_BITS) - 1
"""A place is the number of an outline and, in these bits, that of a row in it."""


class Facts:
    """Everything that the events of one cluster say. `events`: to be gone through more than once. `without`: topics
    that nobody asks about."""

    def __init__(self, events: Iterable[Event], without: Collection[str] = ()) -> None:
        self.events = events
        self.moves = Moves()
        self._without = without
        self._partitions: dict[TopicPartition, tuple[int, Outline]] = {}
        self._outlines: dict[int, Outline] = {}
        self._made = 0
        self._answers = Answers()
        notes = self._notes
        for event in events:
            note = notes.get(event.kind)
            if note is not None:
                note(event)

    def of(self, name: TopicPartition) -> Outline:
        """Made when first asked for."""
        return self._numbered(name)[1]

    def _numbered(self, name: TopicPartition) -> tuple[int, Outline]:
        found = self._partitions.get(name)
        if found is None:
            self._made += 1
            found = self._partitions[name] = (self._made, Outline(name))
            self._outlines[self._made] = found[1]
        return found

    @property
    def _notes(self) -> Mapping[str, Callable[[Event], None]]:
        return {
            "append": self._append,
            "sequence": self._sequence,
            "ack": self._ack,
            "left": self._left,
            "refused": self._refused,
            "fetch": self._read,
            "transaction": self.moves.note,
            "topic": self._topic,
        }

    def _append(self, event: Event) -> None:
        name = event.told.partition
        if name is not None and not event.get("replicated") and name.topic not in self._without:
            number_of, outline = self._numbered(name)
            self._answers.about(event, number_of << ROW_BITS | outline.append(event))

    def _sequence(self, event: Event) -> None:
        name = event.told.partition
        if name is not None and event.get("outcome") == "duplicate":
            # The first copy is what a retry is told of.
            number_of, outline = self._numbered(name)
            index = outline.newest_at(number(event, "first_offset"))
            if index is not None:
                self._answers.about(event, number_of << ROW_BITS | index)

    def _ack(self, event: Event) -> None:
        name = event.told.partition
        if name is None:
            return
        if event.get("code") != COMMITTED:
            self.of(name).refusals.append(event.seq)
            return
        place = self._answers.acked(event)
        outline = None if place is None else self._outlines.get(place >> ROW_BITS)
        if outline is not None and place is not None:
            outline.acked(place & ROW, event.get("client_id"))

    def _left(self, event: Event) -> None:
        for place in self._answers.left(event):
            outline = self._outlines.get(place >> ROW_BITS)
            if outline is not None:
                outline.was_left[place & ROW] = 1

    def _refused(self, event: Event) -> None:
        if event.told.partition is not None and event.get("api") == "Produce":
            self.of(event.told.partition).refusals.append(event.seq)

    def _read(self, event: Event) -> None:
        if event.told.partition is not None:
            self.of(event.told.partition).reads.add(event)

    def _topic(self, event: Event) -> None:
        """A deleted topic owes nothing, and one of the same name is another."""
        if event.get("what") == "deleted":
            for name in [name for name in self._partitions if name.topic == event.get("name")]:
                del self._outlines[self._partitions.pop(name)[0]]
