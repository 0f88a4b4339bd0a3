"""Which of many spans of offsets have some in common with another, without looking at all of them."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Callable, Iterable
from itertools import accumulate
from typing import TypeVar

from minikafka.types import Offset

Span = tuple[Offset, Offset]
"""First and last offset, both inclusive."""
T = TypeVar("T")


class ByOffset(list[T]):
    """A list of what is about offsets: `span` says which."""

    def __init__(self, span: Callable[[T], Span]) -> None:
        super().__init__()
        self._span = span
        self._overlaps = Overlaps(())
        self._looked_at = 0

    def over(self, first: Offset, last: Offset | None = None) -> list[T]:
        """Those about some of these offsets, `last` inclusive, in order; without `last`, about the first."""
        if self._looked_at < len(self):
            self._overlaps = Overlaps(map(self._span, self))
            self._looked_at = len(self)
        return [self[at] for at in self._overlaps.of(first, first if last is None else last)]


class Overlaps:
    """Spans in some order, by where they end, each with the lowest offset at which one begins that ends there or
    later: behind that nothing has to be looked for."""

    def __init__(self, spans: Iterable[Span]) -> None:
        firsts, lasts = array("q"), array("q")
        for first, last in spans:
            firsts.append(first)
            lasts.append(last)
        self._order = array("I", sorted(range(len(lasts)), key=lasts.__getitem__))
        self._lasts = array("q", (lasts[index] for index in self._order))
        self._firsts = array("q", (firsts[index] for index in self._order))
        self._lowest = array("q", accumulate(reversed(self._firsts), min))[::-1]

    def of(self, first: Offset, last: Offset) -> list[int]:
        """Their places in the order they were given."""
        found: list[int] = []
        for at in range(bisect_left(self._lasts, first), len(self._lasts)):
            if self._lowest[at] > last:
                break
            if self._firsts[at] <= last:
                found.append(self._order[at])
        return sorted(found)
