"""Transactions as they lie in a partition's log: a producer's batches up to its marker, and what was decided of them.

    batch  batch  batch  marker(commit | abort)      one piece, ended
    batch  batch                                     one piece, open

A transaction has a piece in every partition it wrote to. What becomes of all of them is decided once, at the
coordinator (T7): the `transaction` event that moves it to PREPARE_COMMIT or PREPARE_ABORT. Under transaction version 2
every end raises the epoch, so the decision over the batches of epoch e has a higher one (or another producer id: then
it cannot be told, and nothing is judged by it); before, all have one epoch, and the next decision after the append is
meant.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum
from typing import Final, NamedTuple

from minikafka.history import Event
from minikafka.ledger.facts import Batch, Facts, number
from minikafka.ledger.logs import LoggedBatch, LoggedPartition
from minikafka.types import Offset, ProducerEpoch, ProducerId, TopicPartition

COMMIT_MARKER: Final = 1


class End(Enum):
    COMMIT = "commit"
    ABORT = "abort"
    OPEN = "open"


class Piece(NamedTuple):
    """last_offset: of the last batch, inclusive; the marker, if there is one, is behind it. first: as it was appended;
    None if nothing was told of that."""

    name: TopicPartition
    producer_id: ProducerId
    producer_epoch: ProducerEpoch
    first_offset: Offset
    last_offset: Offset
    end: End
    marker: LoggedBatch | None
    first: Batch | None


class Decision(NamedTuple):
    """event: the move to PREPARE. moves: of its transactional id, from the one that began the transaction up to the one
    that begins the next. completed: the move to COMPLETE."""

    transactional_id: str
    event: Event
    commit: bool
    moves: tuple[Event, ...]
    completed: Event | None

    @property
    def asked(self) -> bool | None:
        """Whether its producer asked for a commit; None: nobody asked (a timeout, a fence)."""
        asked = self.event.get("asked")
        return None if asked is None else asked == End.COMMIT.value

    @property
    def others(self) -> list[Event]:
        """Decisions over the same transaction, the other way."""
        return [move for move in self.moves if is_decision(move) and move.get("to") != self.event.get("to")]


def pieces(log: LoggedPartition, facts: Facts) -> Iterator[Piece]:
    """Every transaction in a log, in the order in which they end; open ones last."""
    appended = {_identity(batch): batch for batch in facts.of(log.name).batches if batch.transactional}
    going: dict[ProducerId, list[LoggedBatch]] = {}
    for batch in log.batches:
        if batch.is_transactional and not batch.is_control:
            going.setdefault(batch.producer_id, []).append(batch)
        elif batch.is_control and batch.producer_id in going:
            end = End.COMMIT if batch.control_type == COMMIT_MARKER else End.ABORT
            yield _piece(log.name, going.pop(batch.producer_id), end, batch, appended)
    for batches in going.values():
        yield _piece(log.name, batches, End.OPEN, None, appended)


def _identity(batch: Batch | LoggedBatch) -> tuple[int, int, int]:
    return batch.base_offset, batch.leader_epoch, batch.crc


def _piece(
    name: TopicPartition,
    batches: list[LoggedBatch],
    end: End,
    marker: LoggedBatch | None,
    appended: dict[tuple[int, int, int], Batch],
) -> Piece:
    first = batches[0]
    told = appended.get(_identity(first))
    last = batches[-1].last_offset
    return Piece(name, first.producer_id, first.producer_epoch, first.base_offset, last, end, marker, told)


def decision_of(piece: Piece, facts: Facts) -> Decision | None:
    """What was decided of it; None if nothing was yet, or it cannot be told."""
    if piece.first is None:
        return None
    return decision(facts, piece.producer_id, piece.producer_epoch, piece.first.append.seq)


def decision(facts: Facts, producer_id: ProducerId, epoch: ProducerEpoch, since: int) -> Decision | None:
    """Over the batches of this producer and epoch that were appended at `since`."""
    for name in facts.transactional_ids.get(producer_id, ()):
        moves = [move for move in facts.transactions[name] if number(move, "producer_id") == producer_id]
        same = [move for move in moves if _decides(move, epoch, exactly=True) and move.seq > since]
        later = [move for move in moves if _decides(move, epoch, exactly=False)]
        if same or later:
            found = _decision(name, (same or later)[0], facts.transactions[name])
            # What was written when all was complete is no part of it: `ended.py` calls it late.
            return None if found.completed is not None and found.completed.seq < since else found
    return None


def _decides(move: Event, epoch: ProducerEpoch, *, exactly: bool) -> bool:
    told = number(move, "producer_epoch")
    return is_decision(move) and (told == epoch if exactly else told > epoch)


def is_decision(move: Event) -> bool:
    """And not the repetition of one by the next coordinator (T17)."""
    return str(move.get("to")).startswith("PREPARE_") and move.get("was") != move.get("to")


def _decision(name: str, event: Event, moves: list[Event]) -> Decision:
    at = next(index for index, move in enumerate(moves) if move.seq == event.seq)
    start = max((index for index in range(at + 1) if _begins(moves[index])), default=at)
    end = next((index for index in range(at + 1, len(moves)) if _begins(moves[index])), len(moves))
    own = tuple(moves[start:end])
    completed = next(
        (move for move in own if move.seq > event.seq and str(move.get("to")).startswith("COMPLETE_")), None
    )
    return Decision(name, event, event.get("to") == "PREPARE_COMMIT", own, completed)


def _begins(move: Event) -> bool:
    return move.get("to") == "ONGOING" and move.get("was") != "ONGOING"
