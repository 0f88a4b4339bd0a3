"""One replica's log with everything derived from it, kept in step (L2, L3, L9, I9).

Batches live in `port.Log`. From their headers follow: which sequences each producer wrote (`ProducerStates`), which
transactions are open or aborted (`TransactionIndex`), where each leader epoch began (`LeaderEpochs`). All three can be
rebuilt from the log, and are, after a restart or a truncation: newest producer snapshot, then the headers after it.

The leader's order of checks decides which error a client hears (L2):

    one batch of magic 2 at base offset 0 -> size -> CRC -> batch fields -> records -> segment size -> roll if due
    -> producer checks -> append

So a duplicate that is too large is refused for its size, and a duplicate may roll a segment.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from minikafka.log import leader_epochs, producer_snapshot, transaction_index
from minikafka.log.batch import BatchHeader, build_end_transaction_marker
from minikafka.log.leader_epochs import LeaderEpochs
from minikafka.log.port import Disk, Log, LogConfig
from minikafka.log.producer_state import ProducerStates
from minikafka.log.transaction_index import TransactionIndex
from minikafka.types import NO_PRODUCER_ID, Buffer, LeaderEpoch, Offset, TopicId

if TYPE_CHECKING:
    from minikafka.config import TopicSettings

REPLAY_CHUNK: Final = 2048
PARTITION_METADATA: Final = "partition.metadata"
KEPT_SNAPSHOTS: Final = 2


def log_config(settings: TopicSettings) -> LogConfig:
    """What of a topic's settings shapes segments."""
    return LogConfig(
        segment_bytes=settings.segment_bytes,
        segment_ms=settings.segment_ms,
        index_interval_bytes=settings.index_interval_bytes,
        segment_index_bytes=settings.segment_index_bytes,
    )


class ReplicaLog:
    """See the module. Offsets are the port's: `log_end_offset` and `recovery_point` are exclusive."""

    def __init__(self, disk: Disk, directory: str, port: Log, topic_id: TopicId) -> None:
        self._disk = disk
        self._directory = directory
        self.port = port
        self.topic_id = topic_id
        self.producers = ProducerStates()
        self.transactions = TransactionIndex()
        self.epochs = LeaderEpochs()

    @classmethod
    def open(
        cls,
        disk: Disk,
        directory: str,
        *,
        topic_id: TopicId,
        settings: TopicSettings,
        recovery_point: Offset,
        log_start_offset: Offset,
        clean: bool,
    ) -> ReplicaLog:
        """Open or create the log in `directory`; recover it unless `clean` (D2, D3); rebuild what is derived."""
        disk.make_directory(directory)
        port = disk.open_log(
            directory,
            config=log_config(settings),
            recovery_point=recovery_point,
            log_start_offset=log_start_offset,
            clean=clean,
        )
        log = cls(disk, directory, port, topic_id)
        metadata = f"{directory}/{PARTITION_METADATA}"
        if disk.read_file(metadata) is None:
            disk.write_file(metadata, f"version: 0\ntopic_id: {topic_id.hex()}\n".encode())
        log.epochs = leader_epochs.decode(disk.read_file(f"{directory}/{leader_epochs.FILE_NAME}"))
        log.epochs.truncate_to(port.log_end_offset)
        log._rebuild(from_epochs_too=not clean)
        return log

    # Shorthands of the port.

    @property
    def log_start_offset(self) -> Offset:
        return self.port.log_start_offset

    @property
    def log_end_offset(self) -> Offset:
        return self.port.log_end_offset

    @property
    def recovery_point(self) -> Offset:
        return self.port.recovery_point

    @property
    def failed(self) -> bool:
        return self.port.failed

    # Appending.

    def append_as_leader(
        self, batch: Buffer, header: BatchHeader, leader_epoch: LeaderEpoch, append_time_ms: int | None
    ) -> BatchHeader:
        """Append one checked batch; `append_time_ms` stamps LogAppendTime (L6). Returns the header as written."""
        written = self.port.append_as_leader(batch, leader_epoch=leader_epoch, max_timestamp=append_time_ms)
        self._note(written)
        return written

    def append_marker(
        self,
        *,
        producer_id: int,
        producer_epoch: int,
        commit: bool,
        coordinator_epoch: int,
        leader_epoch: LeaderEpoch,
        now_ms: int,
    ) -> BatchHeader:
        """T8: one control batch with one record."""
        batch = build_end_transaction_marker(
            producer_id=producer_id,
            producer_epoch=producer_epoch,
            commit=commit,
            coordinator_epoch=coordinator_epoch,
            timestamp=now_ms,
        )
        self.roll_if_due(len(batch), now_ms, 1)
        written = self.port.append_as_leader(batch, leader_epoch=leader_epoch)
        self._note(written)
        return written

    def append_as_follower(self, batches: Buffer, headers: list[BatchHeader]) -> None:
        """Append what the leader sent. Nothing but its bytes is checked: the leader decided (I1)."""
        if not headers:
            return
        self.roll_if_due(len(batches), headers[0].max_timestamp, headers[-1].last_offset - headers[0].base_offset + 1)
        for written in self.port.append_as_follower(batches):
            self._note(written)

    def roll_if_due(self, size_bytes: int, max_timestamp: int, records: int) -> bool:
        """L9: start a new segment before this is appended, if it is time. The producer state is snapshotted there."""
        if not self.port.should_roll(
            size_bytes=size_bytes, max_timestamp=max_timestamp, last_offset=self.log_end_offset + records - 1
        ):
            return False
        self.port.roll()
        self._write_snapshot()
        return True

    def begin_epoch(self, epoch: LeaderEpoch) -> None:
        """L11: a broker that becomes leader notes where its epoch starts, even if it never writes."""
        if self.epochs.assign(epoch, self.log_end_offset):
            self._write_epochs()

    def _note(self, header: BatchHeader) -> None:
        """What follows from one appended batch."""
        if header.partition_leader_epoch > self.epochs.latest and self.epochs.assign(
            header.partition_leader_epoch, header.base_offset
        ):
            self._write_epochs()
        self._note_producer(header, write=True)

    def _note_producer(self, header: BatchHeader, *, write: bool) -> None:
        if header.producer_id == NO_PRODUCER_ID:
            return
        if not header.is_control:
            first = self.producers.remember(header)
            if first is not None:
                self.transactions.begin(header.producer_id, first)
            return
        if header.control_type not in (0, 1):
            return
        first = self.producers.remember_marker(header)
        if first is None:
            return
        stable = self.transactions.last_stable_offset(header.base_offset)
        aborted = self.transactions.end(
            header.producer_id, first, header.last_offset, committed=header.control_type == 1, stable=stable
        )
        if aborted is not None and write:
            self._append_aborted(aborted)

    # Cutting.

    def truncate_to(self, offset: Offset) -> None:
        """R11: drop everything at or above `offset`, and what followed from it."""
        shorter = offset < self.log_end_offset
        if shorter:
            self.port.truncate_to(offset)
        # Even when no record goes: an epoch we led without writing would contradict the leader's.
        if self.epochs.truncate_to(self.log_end_offset):
            self._write_epochs()
        if shorter:
            self._rebuild(from_epochs_too=False)

    def start_over_at(self, offset: Offset) -> None:
        """R11: the leader's log starts above our end: drop everything and start there."""
        self.port.truncate_fully_and_start_at(offset)
        self.epochs.clear()
        self._write_epochs()
        self.producers.clear()
        self.transactions.reset(())
        self.transactions.load(())

    def advance_log_start_offset(self, offset: Offset) -> None:
        """L12."""
        self.port.advance_log_start_offset(offset)
        self.transactions.advance_start(offset)
        if self.epochs.advance_start(offset):
            self._write_epochs()

    def close_cleanly(self) -> None:
        """D1, *stop*: snapshot, flush, close."""
        if not self.failed:
            self._write_snapshot()
            self._write_epochs()
            self.port.flush()
        self.port.close()

    def reconfigure(self, settings: TopicSettings) -> None:
        self.port.reconfigure(log_config(settings))

    # Rebuilding what is derived (I9).

    def _rebuild(self, *, from_epochs_too: bool) -> None:
        """Newest valid snapshot at or below the log's end, then every header after it."""
        self.producers.clear()
        offset = self._load_snapshot()
        self.transactions.reset(
            (state.producer_id, state.current_transaction_first_offset)
            for state in self.producers.all()
            if state.has_open_transaction
        )
        self.transactions.load(self._read_aborted(offset))
        # Epochs may have been lost with the file: after an unclean death the headers say them again.
        position = self.log_start_offset if from_epochs_too else offset
        while position < self.log_end_offset:
            chunk = self.port.headers(position, max_batches=REPLAY_CHUNK)
            if not chunk:
                break
            for header in chunk:
                if header.partition_leader_epoch > self.epochs.latest:
                    self.epochs.assign(header.partition_leader_epoch, header.base_offset)
                if header.base_offset >= offset:
                    self._note_producer(header, write=False)
            position = chunk[-1].last_offset + 1

    def _load_snapshot(self) -> Offset:
        """Restore the newest readable snapshot; the offset to replay from."""
        snapshots = sorted(
            offset
            for name in self._disk.list_directory(self._directory)
            if (offset := producer_snapshot.offset_of(name)) is not None
        )
        for offset in reversed(snapshots):
            path = f"{self._directory}/{producer_snapshot.file_name(offset)}"
            data = self._disk.read_file(path)
            states = producer_snapshot.decode(data) if data is not None else None
            if states is None or offset > self.log_end_offset:
                # Damaged, or of records that are gone: of no use to anybody.
                self._disk.remove_file(path)
                continue
            for state in states:
                self.producers.restore(state)
            return max(offset, self.log_start_offset)
        return self.log_start_offset

    def _write_snapshot(self) -> None:
        path = f"{self._directory}/{producer_snapshot.file_name(self.log_end_offset)}"
        self._disk.write_file(path, producer_snapshot.encode(self.producers.all()))

    def _write_epochs(self) -> None:
        # Not atomic with the log: after a crash the batches' own epochs give back what the file lacks.
        self._disk.write_file(f"{self._directory}/{leader_epochs.FILE_NAME}", leader_epochs.encode(self.epochs))

    # The transaction index on disk.

    def _txnindex(self, base_offset: Offset) -> str:
        return f"{self._directory}/{base_offset:020d}.txnindex"

    def _append_aborted(self, aborted: transaction_index.AbortedTransaction) -> None:
        path = self._txnindex(self.port.active_segment_base_offset)
        before = self._disk.read_file(path) or b""
        self._disk.write_file(path, before + transaction_index.encode_aborted(aborted))

    def _read_aborted(self, below: Offset) -> Iterable[transaction_index.AbortedTransaction]:
        """Aborted transactions on disk whose marker is below the replay's start; the replay finds the others."""
        found = []
        for segment in self.port.segments():
            data = self._disk.read_file(self._txnindex(segment.base_offset))
            if data is not None:
                found += transaction_index.decode_aborted(data)
        return [aborted for aborted in found if self.log_start_offset <= aborted.last_offset < below]
