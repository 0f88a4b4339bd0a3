"""Moves of transactions at their coordinators, and which of them decided over what a producer wrote.

One decision (T7) ends all that a transaction wrote: the move to PREPARE_COMMIT or PREPARE_ABORT. Which one is meant by
a batch says `decisions.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from minikafka.history import Event
from minikafka.ledger.decisions import Decisions
from minikafka.ledger.event_facts import number
from minikafka.ledger.packed import Packed
from minikafka.types import ProducerEpoch, ProducerId

COMMIT: Final = "commit"
ONGOING: Final = "ONGOING"
PREPARE: Final = "PREPARE_"
COMPLETE: Final = "COMPLETE_"


class Move(NamedTuple):
    """One move. seq: of its event. asked: what its producer asked for, if that is why it was made."""

    seq: int
    producer_id: ProducerId
    producer_epoch: ProducerEpoch
    was: str
    to: str
    asked: str

    @property
    def decides(self) -> bool:
        """And is not the repetition of a decision by the next coordinator (T17)."""
        return self.to.startswith(PREPARE) and self.was != self.to

    @property
    def begins(self) -> bool:
        return self.to == ONGOING and self.was != ONGOING

    @property
    def completes(self) -> bool:
        return self.to.startswith(COMPLETE)


class Decision(NamedTuple):
    """event: the move to PREPARE. moves: of its transactional id, from the one that began the transaction up to the one
    that begins the next. completed: the move to COMPLETE."""

    transactional_id: str
    event: Move
    commit: bool
    moves: tuple[Move, ...]
    completed: Move | None

    @property
    def asked(self) -> bool | None:
        """Whether its producer asked for a commit; None: nobody asked (a timeout, a fence)."""
        return None if not self.event.asked else self.event.asked == COMMIT

    @property
    def is_twofold(self) -> bool:
        """The same transaction was decided the other way as well."""
        return any(move.decides and move.to != self.event.to for move in self.moves)


class Moves:
    """Of every transactional id, packed."""

    def __init__(self) -> None:
        self._words: list[str] = [""]
        self._of: dict[str, Packed[Move]] = {}
        self._decisions: dict[tuple[str, ProducerId], Decisions] = {}
        self._ids: dict[ProducerId, list[str]] = {}

    def note(self, event: Event) -> None:
        """A `transaction` event."""
        name, producer_id = str(event.get("transactional_id")), number(event, "producer_id")
        move = Move(
            event.seq,
            producer_id,
            number(event, "producer_epoch"),
            str(event.get("was")),
            str(event.get("to")),
            str(event.get("asked") or ""),
        )
        if (name, producer_id) not in self._decisions:
            self._ids.setdefault(producer_id, []).append(name)
            self._decisions[name, producer_id] = Decisions()
        moves = self.of(name)
        if move.decides:
            self._decisions[name, producer_id].add(len(moves), move.producer_epoch, move.seq)
        words = [self._word(word) for word in (move.was, move.to, move.asked)]
        moves.add(move.seq, producer_id, move.producer_epoch, *words)

    def _word(self, word: str) -> int:
        if word not in self._words:
            self._words.append(word)
        return self._words.index(word)

    def _made(self, numbers: tuple[int, ...]) -> Move:
        seq, producer_id, epoch, was, to, asked = numbers
        return Move(seq, producer_id, epoch, self._words[was], self._words[to], self._words[asked])

    def of(self, transactional_id: str) -> Packed[Move]:
        """In the order they were told."""
        return self._of.setdefault(transactional_id, Packed("qqhBBB", self._made))

    def ids_of(self, producer_id: ProducerId) -> Sequence[str]:
        """Who had it: one transactional id at a time, unless it was handed out twice."""
        return self._ids.get(producer_id, ())

    def last_of(self, producer_id: ProducerId, count: int) -> list[Move]:
        """The newest of every transactional id that had it, together."""
        found = [move for name in self.ids_of(producer_id) for move in self.of(name)[-count:]]
        return found[-count:]

    def decision(self, producer_id: ProducerId, epoch: ProducerEpoch, since: int) -> Decision | None:
        """Over the batches of this producer and epoch that were appended at `since`; None: nothing was decided yet, or
        it cannot be told."""
        for name in self.ids_of(producer_id):
            index = self._decisions[name, producer_id].over(epoch, since)
            if index is not None:
                found = self._decision(name, index)
                # What was written when all was complete is no part of it: `ended.py` calls it late.
                return None if found.completed is not None and found.completed.seq < since else found
        return None

    def _decision(self, name: str, at: int) -> Decision:
        moves = self.of(name)
        event = moves[at]
        start = next((index for index in range(at, -1, -1) if moves[index].begins), at)
        end = next((index for index in range(at + 1, len(moves)) if moves[index].begins), len(moves))
        own = tuple(moves[start:end])
        completed = next((move for move in own if move.seq > event.seq and move.completes), None)
        return Decision(name, event, event.to == f"{PREPARE}COMMIT", own, completed)
