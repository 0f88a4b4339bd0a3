"""What follows from the batches of a log, remembered so that nobody has to read them again (I9, L11, T10, T11).

    ProducerStates     which sequences each producer wrote       <offset>.snapshot at a roll and at a clean stop
    TransactionIndex   which transactions are open or aborted    <base offset>.txnindex at a roll and at a clean stop
    LeaderEpochs       where each leader epoch began             leader-epoch-checkpoint whenever one begins

The log is the truth, the files are shortcuts: the newest snapshot that can be believed is loaded, and only the headers
after it are replayed. Which one is that?

    after a clean stop, or a truncation      the newest at or below the log's end
    after any other death (D2)               the newest at or below the checkpointed recovery point

Below the recovery point the log is what it was, and so are the files that speak of it: whatever a truncation removed
is gone for good before a flush lets the recovery point pass again. A snapshot need not be synced: a torn one shows by
its checksum, and an older one takes its place. A transaction index has no checksum, so it is on disk before the
snapshot that lets the replay begin behind it. Recovery writes both again for every segment it goes through, as Kafka's.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterable, Sequence
from itertools import pairwise
from typing import Final

from minikafka.log import leader_epochs, producer_snapshot
from minikafka.log.leader_epochs import LeaderEpochs
from minikafka.log.port import BatchHeader, Disk, Log
from minikafka.log.producer_state import ProducerStates
from minikafka.log.transaction_index import (
    AbortedTransaction,
    TransactionIndex,
    decode_aborted,
    encode_aborted,
)
from minikafka.types import NO_EPOCH, NO_PRODUCER_ID, LeaderEpoch, Offset

REPLAY_CHUNK: Final = 2048
ABORT: Final = 0
COMMIT: Final = 1


class DerivedState:
    """Producers, transactions and epochs of the log `port` in `directory`."""

    __slots__ = ("_directory", "_disk", "_port", "epochs", "producers", "transactions")

    def __init__(self, disk: Disk, directory: str, port: Log) -> None:
        self._disk = disk
        self._directory = directory
        self._port = port
        self.producers = ProducerStates()
        self.transactions = TransactionIndex()
        self.epochs = LeaderEpochs()

    # One batch.

    def note(self, header: BatchHeader) -> None:
        """Remember what follows from a batch just appended. Refuses nothing (I1)."""
        if header.partition_leader_epoch > self.epochs.latest:
            self.begin_epoch(header.partition_leader_epoch, header.base_offset)
        if header.producer_id != NO_PRODUCER_ID:
            self._note_producer(header)

    def begin_epoch(self, epoch: LeaderEpoch, start_offset: Offset) -> None:
        """L11."""
        if self.epochs.assign(epoch, start_offset):
            self.write_epochs()

    def _note_producer(self, header: BatchHeader) -> None:
        if not header.is_control:
            first = self.producers.remember(header)
            if first is not None:
                self.transactions.begin(header.producer_id, first)
        elif header.control_type in (ABORT, COMMIT):
            first = self.producers.remember_marker(header)
            if first is not None:
                committed = header.control_type == COMMIT
                self.transactions.end(header.producer_id, first, header.last_offset, committed=committed)

    # Rebuilding.

    def load(self, *, clean: bool, recovery_point: Offset = 0) -> Offset:
        """The log was just opened; `recovery_point` is the checkpointed one. Returns where the replay began."""
        self.epochs = leader_epochs.decode(self._disk.read_file(self._path(leader_epochs.FILE_NAME)))
        self.epochs.truncate_to(self._port.log_end_offset)
        self.epochs.advance_start(self._port.log_start_offset)
        end = self._port.log_end_offset
        filed = LeaderEpochs(self.epochs.entries())
        start = self._restore_newest_snapshot(end if clean else min(recovery_point, end))
        if not clean and not self._epochs_agree(start):
            start = self._port.log_start_offset
            self.producers.clear()
            self.epochs.clear()
        aborted = self._read_aborted(start)
        self.transactions.load(aborted if clean else self._still_marked(aborted))
        self._replay(start, [] if clean else self._segments_ending_after(start))
        if not clean:
            self.epochs.add_unwritten(filed)
        self._remove_stray_snapshots()
        return start

    def _epochs_agree(self, start: Offset) -> bool:
        """Whether the epochs' file can be believed below `start`; what it says from there on is replayed. A truncation
        rewrites it at once, while the truncation itself, not synced, may be undone by a power cut: then it says too
        little, and what was written after the truncation made it say something else."""
        self.epochs.truncate_to(start)
        if start == self._port.log_start_offset:
            return self.epochs.latest == NO_EPOCH
        (before,) = self._port.headers(start - 1, max_batches=1)
        # Where compaction left a gap nothing can be compared: the log itself is asked.
        return before.base_offset < start and before.partition_leader_epoch == self.epochs.latest

    def _still_marked(self, aborted: Iterable[AbortedTransaction]) -> list[AbortedTransaction]:
        """Those whose marker compaction has left (L16); death may have come between it and the index's rewriting. A
        reader told of one whose marker is gone would go on dropping what its producer committed later."""

        def is_marked(one: AbortedTransaction) -> bool:
            (found,) = self._port.headers(one.last_offset, max_batches=1) or (None,)
            return found is not None and found.base_offset == one.last_offset and found.control_type == ABORT

        return [one for one in aborted if is_marked(one)]

    def truncated(self) -> None:
        """The log was just cut at its end (R11): forget what followed from what is gone."""
        self.forget_empty_epochs()
        start = self._restore_newest_snapshot(self._port.log_end_offset)
        self.transactions.truncate_to(start)
        self._replay(start)

    def forget_empty_epochs(self) -> None:
        """Our log ends where the leader's parts from it, so no record goes; but an epoch we began and never wrote in
        would go on contradicting the leader's."""
        if self.epochs.truncate_to(self._port.log_end_offset):
            self.write_epochs()

    def cleared(self) -> None:
        """The log starts over, empty."""
        self.epochs.clear()
        self.write_epochs()
        for offset in self._snapshots():
            self._remove_snapshot(offset)
        self.producers.clear()
        self.transactions.reset(())
        self.transactions.load(())

    def start_advanced(self) -> None:
        """The log start offset rose (L12). Producers stay: retention does not by itself forget them (I10)."""
        self.transactions.advance_start(self._port.log_start_offset)
        if self.epochs.advance_start(self._port.log_start_offset):
            self.write_epochs()

    def segments_deleted(self) -> None:
        """Retention took segments from the log's start (L13), and the log start with them. Snapshots below what is
        left could only be replayed from where there is no log any more."""
        self.start_advanced()
        first = self._port.segments()[0].base_offset
        for offset in self._snapshots():
            if offset < first:
                self._remove_snapshot(offset)

    def _segments_ending_after(self, offset: Offset) -> list[tuple[Offset, Offset]]:
        """(base offset, next base offset) of every segment but the active one that ends after `offset`."""
        bases = [segment.base_offset for segment in self._port.segments()]
        return [(base, end) for base, end in pairwise(bases) if end > offset]

    def _replay(self, start: Offset, ending: Sequence[tuple[Offset, Offset]] = ()) -> None:
        """Headers from `start` on, in bounded chunks; the files of the segments `ending` on the way are written."""
        self.transactions.reset(
            (state.producer_id, state.current_transaction_first_offset)
            for state in self.producers.all()
            if state.has_open_transaction
        )
        left = deque(ending)
        while start < self._port.log_end_offset:
            chunk = self._port.headers(start, max_batches=REPLAY_CHUNK)
            for header in chunk:
                while left and left[0][1] <= header.base_offset:
                    self._write_segment_files(*left.popleft())
                if header.partition_leader_epoch > self.epochs.latest:
                    self.epochs.assign(header.partition_leader_epoch, header.base_offset)
                if header.producer_id != NO_PRODUCER_ID:
                    self._note_producer(header)
            if not chunk:
                break
            start = chunk[-1].last_offset + 1
        for base_offset, next_base_offset in left:
            self._write_segment_files(base_offset, next_base_offset)

    # Producer snapshots (I9).

    def _snapshots(self) -> list[Offset]:
        names = self._disk.list_directory(self._directory)
        return sorted(offset for name in names if (offset := producer_snapshot.offset_of(name)) is not None)

    def _remove_snapshot(self, offset: Offset) -> None:
        self._disk.remove_file(self._path(producer_snapshot.file_name(offset)))

    def _restore_newest_snapshot(self, at_most: Offset) -> Offset:
        """I9: the newest readable one at or below `at_most`; where to replay from. Those that are damaged, or speak of
        what may be gone, are of no use to anybody."""
        self.producers.clear()
        for offset in reversed(self._snapshots()):
            data = self._disk.read_file(self._path(producer_snapshot.file_name(offset)))
            states = None if data is None else producer_snapshot.decode(data)
            if states is not None and self._port.log_start_offset <= offset <= at_most:
                for state in states:
                    self.producers.restore(state)
                return offset
            self._remove_snapshot(offset)
        return self._port.log_start_offset

    def _remove_stray_snapshots(self) -> None:
        """Those of clean stops are between segments; only the newest of them is still of use."""
        bases = {segment.base_offset for segment in self._port.segments()}
        for offset in self._snapshots()[:-1]:
            if offset not in bases:
                self._remove_snapshot(offset)

    # Writing.

    def segment_ended(self, next_base_offset: Offset, base_offset: Offset) -> None:
        """L9: the segment from `base_offset` was rolled, or the log is being closed, at `next_base_offset`."""
        self._write_segment_files(base_offset, next_base_offset)

    def cleaned(self, below: Offset, left: Collection[AbortedTransaction]) -> None:
        """L16: the segments below this offset were rewritten; `left` as for `TransactionIndex.cleaned`."""
        self.transactions.cleaned(below, left)
        for segment in self._port.segments()[:-1]:
            self._write_txnindex(segment.base_offset, segment.next_offset)

    def _write_segment_files(self, base_offset: Offset, next_base_offset: Offset) -> None:
        """The transaction index first: see the lesson."""
        self._write_txnindex(base_offset, next_base_offset)
        path = self._path(producer_snapshot.file_name(next_base_offset))
        self._disk.write_file(path, producer_snapshot.encode(self.producers.all()))

    def _write_txnindex(self, base_offset: Offset, next_offset: Offset) -> None:
        """Durably; most segments have none."""
        aborted = [one for one in self.transactions.aborted() if base_offset <= one.last_offset < next_offset]
        path = self._path(_txnindex(base_offset))
        data = b"".join(encode_aborted(one) for one in aborted)
        if (self._disk.read_file(path) or b"") != data:
            self._disk.write_file_atomically(path, data)

    def write_epochs(self) -> None:
        """Atomically: a cut-off file would be believed to have ended there."""
        self._disk.write_file_atomically(
            self._path(leader_epochs.FILE_NAME), leader_epochs.encode(self.epochs)
        )

    def _read_aborted(self, below: Offset) -> list[AbortedTransaction]:
        """Aborted transactions on disk whose marker the replay, which starts at `below`, will not meet."""
        found: list[AbortedTransaction] = []
        for segment in self._port.segments():
            data = self._disk.read_file(self._path(_txnindex(segment.base_offset)))
            if data is not None:
                found += decode_aborted(data)
        return [one for one in found if self._port.log_start_offset <= one.last_offset < below]

    def _path(self, name: str) -> str:
        return f"{self._directory}/{name}"


def _txnindex(base_offset: Offset) -> str:
    return f"{base_offset:020d}.txnindex"
