"""Which events are looked up: those about some offsets, and about some producers' transactions."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from typing import NamedTuple

from minikafka.ledger.overlaps import Span
from minikafka.types import Offset, ProducerId


class Wanted(NamedTuple):
    """spans: whose appends, copies and answers. reads: what consumers were handed of these spans. markers_of: of this
    producer's transactions. moves_of: of these as well, and what the coordinator said of them."""

    spans: tuple[Span, ...]
    reads: tuple[Span, ...] = ()
    markers_of: ProducerId | None = None
    moves_of: ProducerId | None = None


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
