"""Transactions as they lie in a partition's log: a producer's batches up to its marker.

    batch  batch  batch  marker(commit | abort)      one piece, ended
    batch  batch                                     one piece, open

A transaction has a piece in every partition it wrote to. What becomes of all of them is decided once, at the
coordinator: `moves.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
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
    going: dict[ProducerId, tuple[LoggedBatch, Offset]] = {}
    """The first batch, and the last offset so far."""
    for batch in log.batches:
        if batch.is_transactional and not batch.is_control:
            first, _ = going.get(batch.producer_id, (batch, 0))
            going[batch.producer_id] = (first, batch.last_offset)
        elif batch.is_control and batch.producer_id in going:
            end = End.COMMIT if batch.control_type == COMMIT_MARKER else End.ABORT
            yield _piece(*going.pop(batch.producer_id), end, batch, own)
    for first, last_offset in going.values():
        yield _piece(first, last_offset, End.OPEN, None, own)


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
