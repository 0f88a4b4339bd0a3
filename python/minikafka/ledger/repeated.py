"""Which of many numbers come more than once, without holding all of them in memory.

Numbers are kept 8 bytes each, sorted into buckets by their lowest bits; more than `IN_MEMORY` of them go to a temporary
file. Equal numbers are in one bucket, so that one bucket at a time tells.
"""

from __future__ import annotations

import tempfile
from array import array
from collections.abc import Iterator
from typing import IO, Final

BUCKETS: Final = 64
IN_MEMORY: Final = 1 << 20


class Repeated:
    """Numbers of 64 bits, such as hashes."""

    def __init__(self, in_memory: int = IN_MEMORY) -> None:
        self._in_memory = in_memory
        self._buckets = [array("q") for _ in range(BUCKETS)]
        self._count = 0
        self._spilled: IO[bytes] | None = None
        self._pieces: list[list[tuple[int, int]]] = [[] for _ in range(BUCKETS)]
        """Of each bucket: where in the file, and how many bytes."""

    def add(self, number: int) -> None:
        self._buckets[number % BUCKETS].append(number)
        self._count += 1
        if self._count >= self._in_memory:
            self._spill()

    def _spill(self) -> None:
        if self._spilled is None:
            self._spilled = tempfile.TemporaryFile(prefix="minikafka-verdict-")  # noqa: SIM115 - it lives as we do
        for bucket, pieces in zip(self._buckets, self._pieces, strict=True):
            pieces.append((self._spilled.tell(), len(bucket) * bucket.itemsize))
            bucket.tofile(self._spilled)
        self._buckets = [array("q") for _ in range(BUCKETS)]
        self._count = 0

    def found(self) -> set[int]:
        """Those that came more than once. It forgets all of them."""
        twice: set[int] = set()
        for index in range(BUCKETS):
            once: set[int] = set()
            for number in self._all(index):
                (twice if number in once else once).add(number)
            self._buckets[index] = array("q")
        if self._spilled is not None:
            self._spilled.close()
        return twice

    def _all(self, index: int) -> Iterator[int]:
        for position, size in self._pieces[index]:
            assert self._spilled is not None
            self._spilled.seek(position)
            yield from array("q", self._spilled.read(size))
        yield from self._buckets[index]
