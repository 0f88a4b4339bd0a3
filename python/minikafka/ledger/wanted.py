"""Which events are looked up: those about some offsets, and about some producers' transactions."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from itertools import accumulate
from typing import NamedTuple

from minikafka.history import Event
from minikafka.ledger.event_facts import number, numbers
from minikafka.types import Offset, ProducerId

Span = tuple[Offset, Offset]
"""First and last offset, both inclusive."""


class Wanted(NamedTuple):
    """spans: whose appends, copies and answers. reads: what consumers were handed of these spans. aborted: the same, by
    those who were not told that the producer's transaction was aborted. producer_id: whose transactions."""

    spans: tuple[Span, ...]
    reads: tuple[Span, ...] = ()
    aborted: tuple[Span, ProducerId] | None = None
    producer_id: ProducerId | None = None


class Spans:
    """Offsets, to be asked whether some of them are in another span."""

    def __init__(self, spans: Iterable[Span]) -> None:
        self._firsts: list[Offset] = []
        self._lasts: list[Offset] = []
        for first, last in sorted(spans):
            if self._lasts and first <= self._lasts[-1] + 1:
                self._lasts[-1] = max(self._lasts[-1], last)
            else:
                self._firsts.append(first)
                self._lasts.append(last)

    def meet(self, first: Offset, last: Offset) -> bool:
        index = bisect_right(self._firsts, last) - 1
        return index >= 0 and self._lasts[index] >= first


class Aborted:
    """Transactions that did not commit, of one partition."""

    def __init__(self, pieces: Sequence[tuple[Span, ProducerId]]) -> None:
        self._pieces = sorted(pieces, key=lambda piece: piece[0][1])
        self._lasts = [last for (_, last), _ in self._pieces]
        firsts = [first for (first, _), _ in reversed(self._pieces)]
        self._lowest = [*accumulate(firsts, min)][::-1]
        """The lowest first offset of a piece and of all behind it."""

    def taken_for_committed(self, read: Event) -> bool:
        """A consumer was handed some of one, and not told of it."""
        first, end = number(read, "offset"), number(read, "next_offset")
        told = numbers(read, "aborted")
        for index in range(bisect_left(self._lasts, first), len(self._lasts)):
            if self._lowest[index] >= end:
                return False
            span, producer_id = self._pieces[index]
            if span[0] < end and producer_id not in told:
                return True
        return False
