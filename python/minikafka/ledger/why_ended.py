"""Why a transaction did not end as one: what its coordinator did and did not do, told by the events around it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from minikafka.checker.anomaly import Anomaly
from minikafka.history import Event
from minikafka.ledger.causes import Cause
from minikafka.ledger.event_facts import in_order, number
from minikafka.ledger.evidence import Evidence
from minikafka.ledger.finding import Finding
from minikafka.ledger.moves import Decision, Move, Moves
from minikafka.ledger.pieces import End, Piece

SHOWN_MOVES: Final = 4
NEVER: Final = 1 << 62


def last_moves(piece: Piece, moves: Moves) -> list[Move]:
    """What its coordinator last said of its producer."""
    return moves.last_of(piece.producer_id, SHOWN_MOVES)


def why(piece: Piece, decision: Decision, evidence: Evidence) -> Cause:
    """The first of these that is so."""
    if len(evidence.moves.ids_of(piece.producer_id)) > 1:
        return Cause.ID_TWICE
    if decision.asked is not None and decision.asked != decision.commit:
        return Cause.DECIDED_OTHERWISE
    if decision.is_twofold:
        return Cause.DECIDED_TWICE
    if not _is_remembered(piece, decision, evidence):
        return Cause.NOT_REMEMBERED
    if piece.end is not End.OPEN:
        return Cause.ENDED_OTHERWISE
    if decision.completed is None:
        return Cause.NOT_CARRIED_OUT
    markers = _markers(piece, evidence)
    if any(one.seq > decision.event.seq and one.rule == "T9" for one in markers):
        return Cause.MARKER_LOST
    refused = any(one.get("what") == "given up" for one in markers)
    is_same = decision.event.producer_epoch == piece.producer_epoch
    return Cause.SAME_EPOCH if refused and is_same else Cause.NEVER_MARKED


def _is_remembered(piece: Piece, decision: Decision, evidence: Evidence) -> bool:
    """The last list of partitions before the decision has it."""
    lists = [
        move.get("partitions")
        for move in evidence.events_of(decision.moves)
        if move.seq < decision.event.seq and isinstance(move.get("partitions"), list | tuple)
    ]
    last = lists[-1] if lists else None
    return not isinstance(last, list | tuple) or str(piece.name) in last


def _markers(piece: Piece, evidence: Evidence) -> list[Event]:
    since = 0 if piece.first is None else piece.first.seq
    mine = set(evidence.moves.ids_of(piece.producer_id))
    return [
        one
        for one in evidence.of(piece.name).markers
        if one.seq > since
        and (number(one, "producer_id") == piece.producer_id or one.get("transactional_id") in mine)
    ]


def tell(anomaly: Anomaly, piece: Piece, cause: Cause, moves: Sequence[Move], evidence: Evidence) -> Finding:
    """The finding, with what happened from the first of these moves to the piece's end."""
    own = evidence.of(piece.name)
    story = () if piece.first is None else own.batch(piece.first.seq).story
    since = min((move.seq for move in moves), default=0)
    markers = _markers(piece, evidence)
    until = NEVER if piece.end is End.OPEN else _ended(piece, markers)
    around = [one for one in (*own.elections, *own.cuts) if since < one.seq <= until]
    loads = [one for one in evidence.coordinators if since < one.seq <= until]
    markers = [one for one in markers if one.seq <= until]
    if cause is Cause.ID_TWICE:
        names = evidence.moves.ids_of(piece.producer_id)
        moves = (*moves, *(evidence.moves.of(name)[0] for name in names))
    chain = in_order(story, evidence.events_of(moves), markers[:8], around[-6:], loads[-3:])
    says = f"{WORDS[piece.end]}: {cause.value.says}"
    return Finding(anomaly, piece.name, piece.first_offset, piece.last_offset, says, cause, chain)


def _ended(piece: Piece, markers: Sequence[Event]) -> int:
    offset = -1 if piece.marker is None else piece.marker.base_offset
    return max((one.seq for one in markers if number(one, "offset") == offset), default=NEVER)


WORDS: Final[Mapping[End, str]] = {
    End.COMMIT: "committed here",
    End.ABORT: "aborted here",
    End.OPEN: "open, and nobody will end it",
}
