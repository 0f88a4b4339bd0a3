"""Transactions that did not end as one: torn, hanging, or ended the other way.

One decision (T7) ends every piece of a transaction. So

    torn           one piece was committed, and another aborted
    lost           every piece was aborted, and the decision, or what its producer asked for, was to commit
    aborted read   every piece was committed, and the decision, or what its producer asked for, was to abort
    hanging        a piece is open, and nobody will end it: the coordinator takes it for complete, or was loaded since
                   the decision and does not carry it out, or the piece was written when its transaction had ended

A piece whose transaction is going on is nothing yet. What cannot be matched with a decision is not judged.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Final, NamedTuple

from minikafka.checker.anomaly import Anomaly
from minikafka.history import Event
from minikafka.ledger.causes import Cause
from minikafka.ledger.evidence import Evidence
from minikafka.ledger.finding import Finding
from minikafka.ledger.moves import Decision, Moves
from minikafka.ledger.pieces import End, Piece, decision_of
from minikafka.ledger.suspect import Suspect, Tell
from minikafka.ledger.wanted import Wanted
from minikafka.ledger.why_ended import last_moves, tell, why

TRANSACTION_STATE: Final = "__transaction_state"
SILENT_MS: Final = 30_000
"""How long after it was loaded a coordinator may be silent over a decision before it counts as forgotten."""
ENDS: Final = {End.COMMIT: 1, End.ABORT: 2, End.OPEN: 0}
BOTH: Final = 3


class _Odd(NamedTuple):
    """A piece that is not as it was decided."""

    decision: Decision
    piece: Piece


class Ended:
    """Over all partitions at once: a transaction is torn between them."""

    def __init__(self, moves: Moves) -> None:
        self._moves = moves
        self._ends: dict[int, int] = {}
        """By the `seq` of a decision, in the order they were met: how its pieces ended."""
        self._late: list[Piece] = []
        self._odd: dict[int, list[_Odd]] = {}

    def look(self, piece: Piece) -> None:
        """At the next one, of any partition."""
        decision = decision_of(piece, self._moves)
        if decision is None:
            if piece.end is End.OPEN and self._is_late(piece):
                self._late.append(piece)
            return
        seq = decision.event.seq
        self._ends[seq] = self._ends.get(seq, 0) | ENDS[piece.end]
        if piece.end is End.OPEN or (piece.end is End.COMMIT) != _wanted(decision):
            self._odd.setdefault(seq, []).append(_Odd(decision, piece))

    def _is_late(self, piece: Piece) -> bool:
        """The coordinator's last word on its producer is that all is complete."""
        moves = last_moves(piece, self._moves)
        return bool(moves) and piece.first is not None and moves[-1].completes

    def suspects(self) -> Iterator[Suspect]:
        """When all pieces were looked at."""
        for piece in self._late:
            yield _suspect(piece, partial(_tell_late, piece))
        for seq, ends in self._ends.items():
            for odd in self._odd.get(seq, ()):
                yield _suspect(odd.piece, partial(_tell, odd, ends == BOTH))


def _wanted(decision: Decision) -> bool:
    """To commit."""
    return decision.commit if decision.asked is None else decision.asked


def _suspect(piece: Piece, telling: Tell) -> Suspect:
    spans = () if piece.first is None else ((piece.first.base_offset, piece.first.last_offset),)
    return Suspect(piece.name, Wanted(spans, moves_of=piece.producer_id), telling)


def _tell_late(piece: Piece, evidence: Evidence) -> Finding:
    moves = last_moves(piece, evidence.moves)
    return tell(Anomaly.HANGING, piece, Cause.WRITTEN_LATE, moves, evidence)


def _tell(odd: _Odd, is_torn: bool, evidence: Evidence) -> Finding | None:
    decision, piece = odd
    if piece.end is End.OPEN:
        if decision.completed is None and not _is_silent(decision, evidence):
            return None
        anomaly = Anomaly.HANGING
    elif is_torn:
        anomaly = Anomaly.TORN
    else:
        anomaly = Anomaly.LOST if _wanted(decision) else Anomaly.ABORTED_READ
    return tell(anomaly, piece, why(piece, decision, evidence), decision.moves, evidence)


def _is_silent(decision: Decision, evidence: Evidence) -> bool:
    """A coordinator was loaded since the decision, and in all the time since then sent no marker of it. One that was
    not loaded anew may be gone, or still at it: who is down may be back any time."""
    at = decision.event.seq
    loaded = [one for one in evidence.coordinators if one.seq > at and one.topic == TRANSACTION_STATE]
    if not loaded or evidence.last is None:
        return False
    since = loaded[0]
    sent = any(
        one.seq > since.seq and _is_about(one, decision.transactional_id) for one in evidence.markers_sent
    )
    return not sent and evidence.last.t_ms - since.t_ms > SILENT_MS


def _is_about(sent: Event, transactional_id: str) -> bool:
    names = sent.get("transactional_ids")
    return isinstance(names, list | tuple) and transactional_id in names
