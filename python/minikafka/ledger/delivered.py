"""Aborted read: a consumer was handed records of a transaction that did not commit, and could not know it.

A read_committed consumer skips what the answer lists as aborted (T11), and is answered only up to the last stable
offset (T10). So it takes for committed whatever it is handed and not told of. A read_uncommitted consumer takes
everything: that is what it asked for, and the setting that would have helped.
"""

from __future__ import annotations

from functools import partial
from operator import attrgetter
from typing import Final

from minikafka.checker.anomaly import Anomaly
from minikafka.history import Event
from minikafka.ledger.batch import Batch
from minikafka.ledger.causes import Cause
from minikafka.ledger.event_facts import in_order, number, numbers
from minikafka.ledger.evidence import Evidence
from minikafka.ledger.finding import Finding
from minikafka.ledger.outline import Outline
from minikafka.ledger.partition_evidence import PartitionEvidence
from minikafka.ledger.pieces import End, Piece
from minikafka.ledger.suspect import Suspect
from minikafka.ledger.wanted import Wanted

COMMITTED_BOUND: Final = "last stable offset"
"""How a fetch event names the bound of a read_committed consumer."""
NEVER: Final = 1 << 62


def find(piece: Piece, own: Outline, ourselves: str) -> Suspect | None:
    """An aborted piece that somebody was handed and not told of. `ourselves`: the client id under which the verdict
    itself reads."""
    if piece.end is not End.ABORT or piece.first is None:
        return None
    span = (piece.first_offset, piece.last_offset)
    if not any(
        read.seq > piece.first.seq and read.client_id != ourselves and piece.producer_id not in read.aborted
        for read in own.reads.of(*span)
    ):
        return None
    first = (piece.first.base_offset, piece.first.last_offset)
    wanted = Wanted((first,), reads=(span,), markers_of=piece.producer_id)
    return Suspect(piece.name, wanted, partial(_tell, piece, piece.first.seq, ourselves))


def _tell(piece: Piece, append: int, ourselves: str, evidence: Evidence) -> Finding:
    """With the first read that took it for committed."""
    own = evidence.of(piece.name)
    handed = (
        read
        for read in own.reads.over(piece.first_offset, piece.last_offset)
        if read.seq > append
        and read.get("client_id") != ourselves
        and piece.producer_id not in numbers(read, "aborted")
    )
    # Whoever asked for committed records has more to complain of.
    first = min(handed, key=lambda read: (read.get("bound") != COMMITTED_BOUND, read.seq))
    return _finding(piece, own.batch(append), first, own)


def _finding(piece: Piece, batch: Batch, read: Event, own: PartitionEvidence) -> Finding:
    markers = [
        one
        for one in own.markers
        if one.seq > batch.append.seq and number(one, "producer_id") == piece.producer_id
    ]
    marker = min(markers, key=attrgetter("seq"), default=None)
    ended = NEVER if marker is None else marker.seq
    reloads = [
        one
        for one in (*own.cuts, *own.roles)
        if one.broker == read.broker and batch.append.seq < one.seq < read.seq
    ]
    cause = _why(read, ended, reloads)
    who = read.get("client_id") or "a consumer"
    chain = in_order(batch.story, reloads, [read], [] if marker is None else [marker])
    why = f"handed to {who} up to offset {number(read, 'next_offset')}: {cause.value.says}"
    return Finding(Anomaly.ABORTED_READ, piece.name, piece.first_offset, piece.last_offset, why, cause, chain)


def _why(read: Event, ended: int, reloads: list[Event]) -> Cause:
    if read.get("bound") != COMMITTED_BOUND:
        return Cause.READ_UNCOMMITTED
    if number(read, "next_offset") > number(read, "last_stable_offset"):
        return Cause.SHOWN_UNCOMMITTED
    if ended < read.seq:
        return Cause.NOT_TOLD_ABORTED
    return Cause.OPEN_FORGOTTEN if reloads else Cause.READ_WHILE_OPEN
