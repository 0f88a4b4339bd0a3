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

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from minikafka.checker.anomaly import Anomaly
from minikafka.history import Event
from minikafka.ledger.causes import Cause
from minikafka.ledger.facts import Facts, in_order, number
from minikafka.ledger.finding import Finding
from minikafka.ledger.logs import LoggedPartition
from minikafka.ledger.pieces import Decision, End, Piece, decision_of, pieces

TRANSACTION_STATE: Final = "__transaction_state"
SILENT_MS: Final = 30_000
"""How long after it was loaded a coordinator may be silent over a decision before it counts as forgotten."""


def find(facts: Facts, logs: Iterable[LoggedPartition]) -> Iterator[Finding]:
    """Over all partitions at once: a transaction is torn between them."""
    decided: dict[int, tuple[Decision, list[Piece]]] = {}
    for log in logs:
        if log.is_compacted:
            continue
        for piece in pieces(log, facts):
            decision = decision_of(piece, facts)
            if decision is not None:
                decided.setdefault(decision.event.seq, (decision, []))[1].append(piece)
            elif piece.end is End.OPEN and _is_late(piece, facts):
                yield _finding(Anomaly.HANGING, piece, Cause.WRITTEN_LATE, _moves(piece, facts), facts)
    for decision, parts in decided.values():
        yield from _judge(decision, parts, facts)


def _judge(decision: Decision, parts: list[Piece], facts: Facts) -> Iterator[Finding]:
    is_torn = {End.COMMIT, End.ABORT} <= {piece.end for piece in parts}
    wanted = decision.commit if decision.asked is None else decision.asked
    for piece in parts:
        if piece.end is End.OPEN:
            if decision.completed is not None or _is_silent(decision, facts):
                yield _finding(Anomaly.HANGING, piece, _why(piece, decision, facts), decision.moves, facts)
        elif (piece.end is End.COMMIT) != wanted:
            other = Anomaly.LOST if wanted else Anomaly.ABORTED_READ
            anomaly = Anomaly.TORN if is_torn else other
            yield _finding(anomaly, piece, _why(piece, decision, facts), decision.moves, facts)


def _is_silent(decision: Decision, facts: Facts) -> bool:
    """A coordinator was loaded since the decision, and in all the time since then sent no marker of it. One that was
    not loaded anew may be gone, or still at it: who is down may be back any time."""
    at = decision.event.seq
    loaded = [one for one in facts.coordinators if one.seq > at and one.topic == TRANSACTION_STATE]
    if not loaded or facts.last is None:
        return False
    since = loaded[0]
    sent = any(
        one.seq > since.seq and _is_about(one, decision.transactional_id) for one in facts.markers_sent
    )
    return not sent and facts.last.t_ms - since.t_ms > SILENT_MS


def _is_about(sent: Event, transactional_id: str) -> bool:
    names = sent.get("transactional_ids")
    return isinstance(names, list | tuple) and transactional_id in names


def _is_late(piece: Piece, facts: Facts) -> bool:
    """The coordinator's last word on its producer is that all is complete."""
    moves = _moves(piece, facts)
    return bool(moves) and piece.first is not None and str(moves[-1].get("to")).startswith("COMPLETE_")


def _moves(piece: Piece, facts: Facts) -> tuple[Event, ...]:
    names = facts.transactional_ids.get(piece.producer_id, [])
    return tuple(move for name in names for move in facts.transactions[name])[-4:]


def _why(piece: Piece, decision: Decision, facts: Facts) -> Cause:
    if len(facts.transactional_ids.get(piece.producer_id, ())) > 1:
        return Cause.ID_TWICE
    if decision.asked is not None and decision.asked != decision.commit:
        return Cause.DECIDED_OTHERWISE
    if decision.others:
        return Cause.DECIDED_TWICE
    if not _is_remembered(piece, decision):
        return Cause.NOT_REMEMBERED
    if piece.end is not End.OPEN:
        return Cause.ENDED_OTHERWISE
    if decision.completed is None:
        return Cause.NOT_CARRIED_OUT
    written = [one for one in _markers(piece, facts) if one.seq > decision.event.seq and one.rule == "T9"]
    if written:
        return Cause.MARKER_LOST
    refused = any(one.get("what") == "given up" for one in _markers(piece, facts))
    is_same = number(decision.event, "producer_epoch") == piece.producer_epoch
    return Cause.SAME_EPOCH if refused and is_same else Cause.NEVER_MARKED


def _is_remembered(piece: Piece, decision: Decision) -> bool:
    """The last list of partitions before the decision has it."""
    lists = [
        move.get("partitions")
        for move in decision.moves
        if move.seq < decision.event.seq and isinstance(move.get("partitions"), list | tuple)
    ]
    last = lists[-1] if lists else None
    return not isinstance(last, list | tuple) or str(piece.name) in last


def _markers(piece: Piece, facts: Facts) -> list[Event]:
    since = 0 if piece.first is None else piece.first.append.seq
    mine = set(facts.transactional_ids.get(piece.producer_id, ()))
    return [
        one
        for one in facts.of(piece.name).markers
        if one.seq > since
        and (number(one, "producer_id") == piece.producer_id or one.get("transactional_id") in mine)
    ]


def _finding(anomaly: Anomaly, piece: Piece, cause: Cause, moves: Iterable[Event], facts: Facts) -> Finding:
    own = facts.of(piece.name)
    story = () if piece.first is None else piece.first.story
    since = min((move.seq for move in moves), default=0)
    until = 1 << 62 if piece.end is End.OPEN else _ended(piece, _markers(piece, facts))
    around = [one for one in (*own.elections, *own.cuts) if since < one.seq <= until]
    loads = [one for one in facts.coordinators if since < one.seq <= until]
    markers = [one for one in _markers(piece, facts) if one.seq <= until]
    if cause is Cause.ID_TWICE:
        names = facts.transactional_ids[piece.producer_id]
        moves = (*moves, *(facts.transactions[name][0] for name in names))
    chain = in_order(story, moves, markers[:8], around[-6:], loads[-3:])
    why = f"{WORDS[piece.end]}: {cause.value.says}"
    return Finding(anomaly, piece.name, piece.first_offset, piece.last_offset, why, cause, chain)


def _ended(piece: Piece, markers: list[Event]) -> int:
    offset = -1 if piece.marker is None else piece.marker.base_offset
    return max((one.seq for one in markers if number(one, "offset") == offset), default=1 << 62)


WORDS: Final[Mapping[End, str]] = {
    End.COMMIT: "committed here",
    End.ABORT: "aborted here",
    End.OPEN: "open, and nobody will end it",
}
