"""Whether the coordinator agreed that this partition is part of the transaction (T6, I5b, KIP-890).

Before the first batch of a transaction here is appended, the leader asks the transaction coordinator. The entry is made
*before* asking and must still be the same at the append: a marker, or a newer epoch, removes it, so an append that was
overtaken by the end of its transaction is refused with INVALID_TXN_STATE [48] instead of hanging for ever (T14).

While it is there, the lowest first sequence seen guards the order of the first batches: if batches 0 and 5 wait
together and 5 returns first, it is out of order (I5b).
"""

from __future__ import annotations

from minikafka.types import ProducerEpoch, ProducerId


class VerificationGuard:
    """Stands for one question asked. Compared by identity."""

    __slots__ = ()


class _Entry:
    __slots__ = ("epoch", "guard", "lowest_sequence")

    def __init__(self, epoch: ProducerEpoch, sequence: int) -> None:
        self.epoch = epoch
        self.guard = VerificationGuard()
        self.lowest_sequence = sequence


class Verifications:
    """Questions under way, by producer id."""

    def __init__(self) -> None:
        self._entries: dict[ProducerId, _Entry] = {}

    def begin(self, producer_id: ProducerId, epoch: ProducerEpoch, first_sequence: int) -> VerificationGuard:
        """A batch is about to be verified; batches of one epoch share the guard."""
        entry = self._entries.get(producer_id)
        if entry is None or epoch > entry.epoch:
            entry = self._entries[producer_id] = _Entry(epoch, first_sequence)
        elif epoch == entry.epoch:
            entry.lowest_sequence = min(entry.lowest_sequence, first_sequence)
        return entry.guard

    def is_current(self, producer_id: ProducerId, guard: VerificationGuard) -> bool:
        entry = self._entries.get(producer_id)
        return entry is not None and entry.guard is guard

    def lowest_sequence(self, producer_id: ProducerId) -> int:
        """-1 when nothing is under way."""
        entry = self._entries.get(producer_id)
        return -1 if entry is None else entry.lowest_sequence

    def end(self, producer_id: ProducerId) -> None:
        """The transaction has begun here, or ended."""
        self._entries.pop(producer_id, None)

    def clear(self) -> None:
        self._entries.clear()
