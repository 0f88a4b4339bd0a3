"""What follows from the batches of a log, remembered so that nobody has to read them again (I9, L11, T10, T11).

    ProducerStates     which sequences each producer wrote       <offset>.snapshot at a roll and at a clean stop
    TransactionIndex   which transactions are open or aborted    <base offset>.txnindex at a roll and at a clean stop
    LeaderEpochs       where each leader epoch began             leader-epoch-checkpoint whenever one begins

The log is the truth, the files are shortcuts, and they are not synced with it. So they are believed only after a clean
stop (or, for truncations, within one life): then the newest snapshot is loaded and only the headers after it are
replayed. After any other death everything is replayed from the log's start. Kafka believes snapshots and transaction
indexes below the recovery point, for which it has to sync them at every roll.
"""

from __future__ import annotations

from collections.abc import Collection
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
from minikafka.types import NO_PRODUCER_ID, LeaderEpoch, Offset

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

    def load(self, *, clean: bool) -> None:
        """The log was just opened."""
        self.epochs = leader_epochs.decode(self._disk.read_file(self._path(leader_epochs.FILE_NAME)))
        self.epochs.truncate_to(self._port.log_end_offset)
        self.epochs.advance_start(self._port.log_start_offset)
        if clean:
            start = self._restore_newest_snapshot()
            self.transactions.load(self._read_aborted(start))
        else:
            for offset in self._snapshots():
                self._remove_snapshot(offset)
            start = self._port.log_start_offset
            self.transactions.load(())
        self._replay(start)
        if not clean:
            # The next clean stop will have them believed, and those of the life that ended may be lost or out of date.
            self._write_txnindexes()
        self._remove_stray_snapshots()

    def truncated(self) -> None:
        """The log was just cut at its end (R11): forget what followed from what is gone."""
        self.forget_empty_epochs()
        start = self._restore_newest_snapshot()
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

    def _replay(self, start: Offset) -> None:
        """Headers from `start` on, in bounded chunks."""
        self.transactions.reset(
            (state.producer_id, state.current_transaction_first_offset)
            for state in self.producers.all()
            if state.has_open_transaction
        )
        while start < self._port.log_end_offset:
            chunk = self._port.headers(start, max_batches=REPLAY_CHUNK)
            for header in chunk:
                if header.partition_leader_epoch > self.epochs.latest:
                    self.epochs.assign(header.partition_leader_epoch, header.base_offset)
                if header.producer_id != NO_PRODUCER_ID:
                    self._note_producer(header)
            if not chunk:
                return
            start = chunk[-1].last_offset + 1

    # Producer snapshots (I9).

    def _snapshots(self) -> list[Offset]:
        names = self._disk.list_directory(self._directory)
        return sorted(offset for name in names if (offset := producer_snapshot.offset_of(name)) is not None)

    def _remove_snapshot(self, offset: Offset) -> None:
        self._disk.remove_file(self._path(producer_snapshot.file_name(offset)))

    def _restore_newest_snapshot(self) -> Offset:
        """I9: the newest readable one at or below the log's end; where to replay from. Those that are damaged, or of
        batches that are gone, are of no use to anybody."""
        self.producers.clear()
        for offset in reversed(self._snapshots()):
            data = self._disk.read_file(self._path(producer_snapshot.file_name(offset)))
            states = None if data is None else producer_snapshot.decode(data)
            if states is not None and self._port.log_start_offset <= offset <= self._port.log_end_offset:
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
        path = self._path(producer_snapshot.file_name(next_base_offset))
        self._disk.write_file(path, producer_snapshot.encode(self.producers.all()))
        self._write_txnindex(base_offset, next_base_offset)

    def cleaned(self, below: Offset, left: Collection[AbortedTransaction]) -> None:
        """L16: the segments below this offset were rewritten; `left` as for `TransactionIndex.cleaned`."""
        self.transactions.cleaned(below, left)
        self._write_txnindexes()

    def _write_txnindexes(self) -> None:
        """Of every segment that has ended."""
        for segment in self._port.segments()[:-1]:
            self._write_txnindex(segment.base_offset, segment.next_offset)

    def _write_txnindex(self, base_offset: Offset, next_offset: Offset) -> None:
        aborted = [one for one in self.transactions.aborted() if base_offset <= one.last_offset < next_offset]
        path = self._path(_txnindex(base_offset))
        if aborted:
            self._disk.write_file(path, b"".join(encode_aborted(one) for one in aborted))
        else:
            self._disk.remove_file(path)

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
