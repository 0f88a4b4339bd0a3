"""What read_committed may see, and what it must skip (T10, T11).

Two lists per partition:

- *open*: transactions with data here and no marker yet, by first offset; plus *undecided* ones, whose marker is written
  but not yet below the high watermark. The **last stable offset** is the lowest first offset of either, or the high
  watermark when there is none. It holds for the oldest, so one hanging transaction holds everybody (T14).
- *aborted*: ended by an abort marker. A read_committed fetch is handed those that overlap what it reads; the client
  walks the records and drops those of an aborted producer until its marker comes by.

On disk an aborted transaction is 34 bytes of its segment's `.txnindex`, in Kafka's form (L10).
"""

from __future__ import annotations

import struct
from bisect import bisect_left
from collections.abc import Collection, Iterable
from typing import Final, NamedTuple

from minikafka.types import Buffer, Offset, ProducerId

ENTRY: Final = struct.Struct(">hqqqq")
VERSION: Final = 0


class AbortedTransaction(NamedTuple):
    """last_stable_offset: the first offset of the oldest other transaction open when the marker was written, or one
    past the marker when there was none. Exclusive; the other offsets are inclusive."""

    producer_id: ProducerId
    first_offset: Offset
    last_offset: Offset
    """The marker's own offset."""
    last_stable_offset: Offset


class TransactionIndex:
    """Open, undecided and aborted transactions of one partition."""

    def __init__(self) -> None:
        self._open: dict[ProducerId, Offset] = {}
        # (marker offset, first offset) of ended transactions whose marker may still be above the high watermark.
        self._undecided: list[tuple[Offset, Offset]] = []
        # By marker offset, ascending.
        self._aborted: list[AbortedTransaction] = []

    # Reading.

    def last_stable_offset(self, high_watermark: Offset) -> Offset:
        """T10. Exclusive, never above the high watermark."""
        if not self._open and not self._undecided:
            return high_watermark
        stable = min(high_watermark, self._first_open(high_watermark))
        for marker_offset, first_offset in self._undecided:
            if marker_offset >= high_watermark:
                stable = min(stable, first_offset)
        return stable

    def _first_open(self, otherwise: Offset) -> Offset:
        # They are kept in the order in which they began.
        return next(iter(self._open.values()), otherwise)

    def high_watermark_moved(self, high_watermark: Offset) -> None:
        """Forget ended transactions whose marker is below it now."""
        if self._undecided and self._undecided[0][0] < high_watermark:  # by marker offset
            self._undecided = [entry for entry in self._undecided if entry[0] >= high_watermark]

    def aborted_between(self, from_offset: Offset, upper_bound: Offset) -> list[tuple[ProducerId, Offset]]:
        """T11: (producer id, first offset) of those overlapping [from_offset, upper_bound), by first offset."""
        found = []
        start = bisect_left(self._aborted, from_offset, key=lambda aborted: aborted.last_offset)
        for position in range(start, len(self._aborted)):
            aborted = self._aborted[position]
            if aborted.first_offset < upper_bound:
                found.append((aborted.producer_id, aborted.first_offset))
            if aborted.last_stable_offset >= upper_bound:
                # Whatever ended later began at or above the LSO of that moment.
                break
        found.sort(key=lambda one: one[1])
        return found

    def open_transactions(self) -> list[tuple[ProducerId, Offset]]:
        """(producer id, first offset), oldest first."""
        return sorted(self._open.items(), key=lambda one: one[1])

    # Changing.

    def begin(self, producer_id: ProducerId, first_offset: Offset) -> None:
        """The first batch of a transaction was appended."""
        self._open[producer_id] = first_offset

    def end(
        self, producer_id: ProducerId, first_offset: Offset, marker_offset: Offset, *, committed: bool
    ) -> AbortedTransaction | None:
        """Its marker was appended. Returns what to write to disk, for an abort."""
        self._open.pop(producer_id, None)
        self._undecided.append((marker_offset, first_offset))
        if committed:
            return None
        stable = self._first_open(marker_offset + 1)
        aborted = AbortedTransaction(producer_id, first_offset, marker_offset, stable)
        self._aborted.append(aborted)
        return aborted

    def reset(self, open_transactions: Iterable[tuple[ProducerId, Offset]]) -> None:
        """Start over from a producer snapshot: what was open then. What had ended before it is kept (see `load` and
        `truncate_to`): a snapshot says nothing of it, and its marker may still be above the high watermark."""
        self._open = dict(sorted(open_transactions, key=lambda one: one[1]))

    def load(self, aborted: Iterable[AbortedTransaction]) -> None:
        """Aborted transactions read from disk, instead of those known."""
        self._undecided = []
        self._aborted = sorted(aborted, key=lambda one: one.last_offset)

    def truncate_to(self, offset: Offset) -> None:
        """Markers at or above `offset` are gone. What is open then is for the replay to say."""
        self._undecided = [ended for ended in self._undecided if ended[0] < offset]
        self._aborted = [aborted for aborted in self._aborted if aborted.last_offset < offset]

    def advance_start(self, offset: Offset) -> None:
        """The log starts at `offset` now: transactions that ended before it are nobody's business any more."""
        self._aborted = [aborted for aborted in self._aborted if aborted.last_offset >= offset]

    def cleaned(self, below: Offset, left: Collection[AbortedTransaction]) -> None:
        """L16: of those whose marker was below this offset only `left` still have batches there. The others must not be
        told to readers: with the marker gone, a reader would take all that their producer did since for aborted."""
        self._aborted = [one for one in self._aborted if one.last_offset >= below or one in left]

    def aborted(self) -> list[AbortedTransaction]:
        """All known, by marker offset."""
        return list(self._aborted)


def encode_aborted(aborted: AbortedTransaction) -> bytes:
    """One entry of a `.txnindex`."""
    return ENTRY.pack(VERSION, *aborted)


def decode_aborted(data: Buffer) -> list[AbortedTransaction]:
    """Every whole entry; a torn last one is left out (its marker is replayed from the log)."""
    whole = len(data) - len(data) % ENTRY.size
    return [
        AbortedTransaction(*entry[1:])
        for entry in ENTRY.iter_unpack(bytes(data)[:whole])
        if entry[0] == VERSION
    ]
