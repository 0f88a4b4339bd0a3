"""Aborted read: a consumer was handed records of a transaction that did not commit, and could not know it.

A read_committed consumer skips what the answer lists as aborted (T11), and is answered only up to the last stable
offset (T10). So it takes for committed whatever it is handed and not told of. A read_uncommitted consumer takes
everything: that is what it asked for, and the setting that would have helped.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from operator import attrgetter
from typing import Final

from minikafka.checker.anomaly import Anomaly
from minikafka.history import Event
from minikafka.ledger.causes import Cause
from minikafka.ledger.facts import Facts, PartitionFacts, in_order, number, numbers
from minikafka.ledger.finding import Finding
from minikafka.ledger.logs import LoggedPartition
from minikafka.ledger.pieces import End, Piece, pieces

COMMITTED_BOUND: Final = "last stable offset"
"""How a fetch event names the bound of a read_committed consumer."""
NEVER: Final = 1 << 62


def find(facts: Facts, log: LoggedPartition, ourselves: str) -> Iterator[Finding]:
    """Each aborted piece once, with the first read that took it for committed. `ourselves`: the client id under which
    the verdict itself reads."""
    own = facts.of(log.name)
    reads = [read for read in own.reads if read.get("client_id") != ourselves]
    if not reads or log.is_compacted:
        return
    reads.sort(key=lambda read: number(read, "next_offset"))
    ends = [number(read, "next_offset") for read in reads]
    for piece in pieces(log, facts):
        if piece.end is not End.ABORT or piece.first is None:
            continue
        overlapping = (
            read
            for read in reads[bisect_left(ends, piece.first_offset + 1) :]
            if number(read, "offset") <= piece.last_offset and read.seq > piece.first.append.seq
        )
        # Whoever asked for committed records has more to complain of.
        first = min(
            (read for read in overlapping if piece.producer_id not in numbers(read, "aborted")),
            key=lambda read: (read.get("bound") != COMMITTED_BOUND, read.seq),
            default=None,
        )
        if first is not None:
            yield _finding(piece, first, own)


def _finding(piece: Piece, read: Event, own: PartitionFacts) -> Finding:
    assert piece.first is not None
    markers = [
        one
        for one in own.markers
        if one.seq > piece.first.append.seq and number(one, "producer_id") == piece.producer_id
    ]
    marker = min(markers, key=attrgetter("seq"), default=None)
    ended = NEVER if marker is None else marker.seq
    reloads = [
        one
        for one in (*own.cuts, *own.roles)
        if one.broker == read.broker and piece.first.append.seq < one.seq < read.seq
    ]
    cause = _why(read, ended, reloads)
    who = read.get("client_id") or "a consumer"
    chain = in_order(piece.first.story, reloads, [read], [] if marker is None else [marker])
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
