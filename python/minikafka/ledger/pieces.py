"""Transactions as they lie in a partition's log: a producer's batches up to its marker.

    batch  batch  batch  marker(commit | abort)      one piece, ended
    batch  batch                                     one piece, open

A transaction has a piece in every partition it wrote to. What becomes of all of them is decided once, at the
coordinator: `moves.py`.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from enum import Enum
from typing import Final, NamedTuple

from minikafka.ledger.logs import LoggedBatch, LoggedPartition
from minikafka.ledger.moves import Decision, Moves
from minikafka.ledger.outline import Outline, Row
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
    first: Row | None


def pieces(log: LoggedPartition, own: Outline) -> Iterator[Piece]:
    """Every transaction in a log, in the order in which they end; open ones last."""
    for first, last_offset, end, marker in _ended(log.batches):
        yield _piece(first, last_offset, end, marker, own)


def _ended(
    batches: Sequence[LoggedBatch],
) -> Iterator[tuple[LoggedBatch, Offset, End, LoggedBatch | None]]:
    """Of each transaction: its first batch, its last offset, how it ended, and its marker."""
    going: dict[ProducerId, tuple[LoggedBatch, Offset]] = {}
    """The first batch, and the last offset so far."""
    for batch in batches:
        if batch.is_transactional and not batch.is_control:
            first, _ = going.get(batch.producer_id, (batch, 0))
            going[batch.producer_id] = (first, batch.last_offset)
        elif batch.is_control and batch.producer_id in going:
            end = End.COMMIT if batch.control_type == COMMIT_MARKER else End.ABORT
            yield *going.pop(batch.producer_id), end, batch
    for first, last_offset in going.values():
        yield first, last_offset, End.OPEN, None


class GivenUp:
    """What of a log holds no records for good: batches of transactions that were aborted, or are not decided."""

    def __init__(self, batches: Sequence[LoggedBatch]) -> None:
        self._pieces: dict[ProducerId, list[tuple[Offset, Offset]]] = {}
        """First and last offset of each such piece, inclusive, in order."""
        for first, last_offset, end, _ in _ended(batches):
            if end is not End.COMMIT:
                self._pieces.setdefault(first.producer_id, []).append((first.base_offset, last_offset))

    def has(self, batch: LoggedBatch) -> bool:
        """A producer's pieces lie one behind the other, so the last one that begins before the batch tells."""
        pieces = self._pieces.get(batch.producer_id, []) if batch.is_transactional else []
        index = bisect_right(pieces, batch.base_offset, key=lambda piece: piece[0]) - 1
        return index >= 0 and batch.base_offset <= pieces[index][1]


def _piece(
    first: LoggedBatch, last_offset: Offset, end: End, marker: LoggedBatch | None, own: Outline
) -> Piece:
    index = own.told_of(first.base_offset, first.leader_epoch, first.crc, transactional=True)
    told = None if index is None else own.rows[index]
    return Piece(
        own.name,
        first.producer_id,
        first.producer_epoch,
        first.base_offset,
        last_offset,
        end,
        None if marker is None else marker._replace(data=b""),
        told,
    )


def decision_of(piece: Piece, moves: Moves) -> Decision | None:
    """What was decided of it; None if nothing was yet, or it cannot be told."""
    if piece.first is None:
        return None
    return moves.decision(piece.producer_id, piece.producer_epoch, piece.first.seq)
