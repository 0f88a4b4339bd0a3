"""Where each leader epoch started: the key to repairing a log after a leader change (L11, F7, R11).

    epoch 0 starts at 0, epoch 3 starts at 17, epoch 4 starts at 17, epoch 6 starts at 40

Two logs agree up to the lower end of the highest epoch they share; after it they may differ. So a follower asks the
leader where the follower's last epoch ended *there*, and cuts its own log back to that. Before KIP-101 followers cut
back to their high watermark instead, which could lose acknowledged records and could leave logs different.

An entry is written when an epoch first appends, and when a broker becomes leader, even if it never appends.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from minikafka.types import NO_EPOCH, NO_OFFSET, Buffer, LeaderEpoch, Offset

FILE_NAME: Final = "leader-epoch-checkpoint"
VERSION: Final = "0"


class EpochStart(NamedTuple):
    """`start_offset`: the first offset this epoch wrote, or would have written."""

    epoch: LeaderEpoch
    start_offset: Offset


class LeaderEpochs:
    """Entries in order: both epochs and start offsets rise (offsets may repeat for an epoch that wrote nothing)."""

    def __init__(self, entries: list[EpochStart] | None = None) -> None:
        self._entries = entries or []

    @property
    def latest(self) -> LeaderEpoch:
        """The newest known; -1 when there is none."""
        return self._entries[-1].epoch if self._entries else NO_EPOCH

    def entries(self) -> list[EpochStart]:
        return list(self._entries)

    def start_of(self, epoch: LeaderEpoch) -> Offset | None:
        """Where `epoch` started, if it is known."""
        for entry in self._entries:
            if entry.epoch == epoch:
                return entry.start_offset
        return None

    def epoch_at(self, offset: Offset) -> LeaderEpoch:
        """The epoch of the record at `offset`; -1 when it is below all entries."""
        found = NO_EPOCH
        for entry in self._entries:
            if entry.start_offset > offset:
                break
            found = entry.epoch
        return found

    def end_of(self, epoch: LeaderEpoch, log_end_offset: Offset) -> tuple[LeaderEpoch, Offset]:
        """F7: the largest epoch known that is <= `epoch`, and where it ended (exclusive).

        (-1, -1) when `epoch` is above all we know, or nothing is known. For an epoch below all we know: that epoch,
        and the start of our first.
        """
        if epoch == NO_EPOCH or not self._entries or epoch > self._entries[-1].epoch:
            return NO_EPOCH, NO_OFFSET
        if epoch == self._entries[-1].epoch:
            return epoch, log_end_offset
        if epoch < self._entries[0].epoch:
            return epoch, self._entries[0].start_offset
        for entry, following in zip(self._entries, self._entries[1:], strict=False):
            if following.epoch > epoch:
                return entry.epoch, following.start_offset
        raise AssertionError("the entries are in order")

    def assign(self, epoch: LeaderEpoch, start_offset: Offset) -> bool:
        """Note that `epoch` starts at `start_offset`. False when that is known. Entries that contradict it (a later
        epoch, or one starting at or above) were never the log's, and go."""
        if (
            self._entries
            and epoch <= self._entries[-1].epoch
            and start_offset >= self._entries[-1].start_offset
        ):
            return False
        self._entries = [
            entry for entry in self._entries if entry.epoch < epoch and entry.start_offset <= start_offset
        ]
        self._entries.append(EpochStart(epoch, start_offset))
        return True

    def truncate_to(self, offset: Offset) -> bool:
        """The log ends at `offset` now; entries at or above it go. True when any did."""
        kept = [entry for entry in self._entries if entry.start_offset < offset]
        changed = len(kept) != len(self._entries)
        self._entries = kept
        return changed

    def advance_start(self, offset: Offset) -> bool:
        """The log starts at `offset` now: entries before go, the epoch it lies in starts there. True when any did."""
        before = [entry for entry in self._entries if entry.start_offset < offset]
        if not before:
            return False
        kept = self._entries[len(before) :]
        if not kept or kept[0].start_offset > offset:
            kept.insert(0, EpochStart(before[-1].epoch, offset))
        self._entries = kept
        return True

    def clear(self) -> None:
        self._entries = []

    def add_unwritten(self, known: LeaderEpochs) -> None:
        """Add what `known` says of epochs that ended where they began: they have no batch to be read from."""
        merged: list[EpochStart] = []
        for entry in self._entries:
            before = merged[-1].epoch if merged else NO_EPOCH
            merged += [
                one
                for one in known.entries()
                if one.start_offset == entry.start_offset and before < one.epoch < entry.epoch
            ]
            merged.append(entry)
        self._entries = merged


def encode(epochs: LeaderEpochs) -> bytes:
    """`leader-epoch-checkpoint`: version, count, then `epoch start-offset` lines, as Kafka writes it."""
    entries = epochs.entries()
    lines = [VERSION, str(len(entries)), *(f"{entry.epoch} {entry.start_offset}" for entry in entries)]
    return ("\n".join(lines) + "\n").encode()


def decode(data: Buffer | None) -> LeaderEpochs:
    """Its inverse; nothing when the file is missing or damaged (the log's batches give the entries back)."""
    if data is None:
        return LeaderEpochs()
    try:
        text = bytes(data).decode()
        version, count, *lines = text.splitlines()
        entries = [EpochStart(*(int(word) for word in line.split(" "))) for line in lines]
        if version != VERSION or int(count) != len(entries) or not text.endswith("\n"):
            return LeaderEpochs()
    except (ValueError, TypeError):
        return LeaderEpochs()
    return LeaderEpochs(entries)
