"""Which decision is over a batch: its producer's epoch tells, or else the order.

Under transaction version 2 every end raises the epoch, so the decision over the batches of epoch e has a higher one (or
another producer id: then it cannot be told, and nothing is judged by it); before, all have one epoch, and the next
decision after the append is meant.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from typing import Final

from minikafka.types import ProducerEpoch

EPOCH: Final = 1 << 48
"""More than any `seq`."""


class Decisions:
    """Of one transactional id while it had one producer id, 12 bytes each."""

    def __init__(self) -> None:
        self._keys = array("q")
        """Epoch and `seq` in one number; seqs rise as they come, and so do epochs unless a broker is mistaken."""
        self._indices = array("i")
        self._rises = True

    def add(self, index: int, epoch: ProducerEpoch, seq: int) -> None:
        """`index`: of the move."""
        key = epoch * EPOCH + seq
        self._rises = self._rises and (not self._keys or self._keys[-1] < key)
        self._keys.append(key)
        self._indices.append(index)

    def over(self, epoch: ProducerEpoch, since: int) -> int | None:
        """The first of the same epoch after `since`, or else the first of a later one."""
        if self._rises:
            at = bisect_right(self._keys, epoch * EPOCH + since)
            return self._indices[at] if at < len(self._keys) else None
        same = (at for at, key in enumerate(self._keys) if epoch == key // EPOCH and key % EPOCH > since)
        later = (at for at, key in enumerate(self._keys) if epoch < key // EPOCH)
        found = next(same, None)
        found = next(later, None) if found is None else found
        return None if found is None else self._indices[found]
