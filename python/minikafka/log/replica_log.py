"""One replica's log with everything derived from it, kept in step (L2, L3, L9, I9).

Batches live in `port.Log`; what follows from their headers in `DerivedState`. Whoever appends, cuts or rolls does it
here, so that the two never disagree.

The leader's order of checks decides which error a client hears (L2):

    one batch of magic 2 at base offset 0 -> size -> CRC -> batch fields -> records -> segment size -> roll if due
    -> producer checks -> append

So a duplicate that is too large is refused for its size, and a duplicate may roll a segment.
"""

from __future__ import annotations

from base64 import urlsafe_b64encode
from collections.abc import Collection
from typing import TYPE_CHECKING, Final, NamedTuple

from minikafka.log.batch import BatchHeader, build_end_transaction_marker
from minikafka.log.derived_state import DerivedState
from minikafka.log.port import BatchHeader as AnyHeader
from minikafka.log.port import Cleaning, Disk, Log, LogConfig
from minikafka.types import (
    NO_TOPIC_ID,
    Buffer,
    CoordinatorEpoch,
    LeaderEpoch,
    Offset,
    ProducerEpoch,
    ProducerId,
    TopicId,
)

if TYPE_CHECKING:
    from minikafka.config import TopicSettings
    from minikafka.log.leader_epochs import LeaderEpochs
    from minikafka.log.transaction_index import AbortedTransaction

PARTITION_METADATA: Final = "partition.metadata"


def log_config(settings: TopicSettings) -> LogConfig:
    """What of a topic's settings shapes segments."""
    return LogConfig(
        segment_bytes=settings.segment_bytes,
        segment_ms=settings.longest_segment_ms,
        index_interval_bytes=settings.index_interval_bytes,
        segment_index_bytes=settings.segment_index_bytes,
        segment_jitter_ms=settings.segment_jitter_ms,
    )


class Opening(NamedTuple):
    """How a log was opened. recovery_point: as checkpointed. replayed_from: where the replay of what is derived began
    (exclusive of everything a snapshot already held)."""

    clean: bool
    recovery_point: Offset
    replayed_from: Offset


class ReplicaLog:
    """See the module. Offsets are the port's: `log_end_offset` and `recovery_point` are exclusive.

    truncations: how often the log was cut at its end in this life, by recovery included if that was below the
    checkpointed recovery point. The checkpoint must be written, lowered, before the next append (D2), or segments
    written again below it would not be recovered.
    cleaned_offset: exclusive; everything below was compacted (L16). None until somebody looked up the checkpoint.
    opening: how it was opened.
    """

    __slots__ = (
        "_derived",
        "cleaned_offset",
        "opening",
        "port",
        "producers",
        "topic_id",
        "transactions",
        "truncations",
    )

    def __init__(self, disk: Disk, directory: str, port: Log, topic_id: TopicId = NO_TOPIC_ID) -> None:
        self.port = port
        self.topic_id = topic_id
        self.truncations = 0
        self.cleaned_offset: Offset | None = None
        self.opening = Opening(True, 0, 0)
        self._derived = DerivedState(disk, directory, port)
        self.producers = self._derived.producers
        self.transactions = self._derived.transactions

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
        """Open or create the log in `directory`; recover it unless `clean` (D2, D3); rebuild what is derived.

        A directory that belongs to another topic id is what a deleted topic of the same name left; it goes (F12), and
        so do its offsets, which an old checkpoint may still hold when the directory itself is gone.
        """
        metadata = f"{directory}/{PARTITION_METADATA}"
        found = disk.read_file(metadata)
        is_new = found is None or found.strip() != _partition_metadata(topic_id)
        if is_new:
            recovery_point = log_start_offset = 0
        if is_new and found is not None:
            disk.remove_tree(directory)
        disk.make_directory(directory)
        port = disk.open_log(
            directory,
            config=log_config(settings),
            recovery_point=recovery_point,
            log_start_offset=log_start_offset,
            clean=clean,
        )
        if is_new:
            disk.write_file_atomically(metadata, _partition_metadata(topic_id))
        log = cls(disk, directory, port, topic_id)
        log.cleaned_offset = 0 if is_new else None
        if port.recovery_point < recovery_point:
            # Recovery cut below the checkpoint. As after any truncation it is lowered before the next append (D2).
            log.truncations += 1
        replayed_from = log._derived.load(clean=clean, recovery_point=recovery_point)
        log.opening = Opening(clean, recovery_point, replayed_from)
        return log

    # Shorthands.

    @property
    def epochs(self) -> LeaderEpochs:
        return self._derived.epochs

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
        self,
        batch: Buffer,
        leader_epoch: LeaderEpoch,
        append_time_ms: int | None = None,
        create_time_ms: int | None = None,
    ) -> AnyHeader:
        """Append one checked batch; `append_time_ms` stamps LogAppendTime (L6), `create_time_ms` the largest timestamp
        of its records (L3). Returns the header as written."""
        written = self.port.append_as_leader(
            batch, leader_epoch=leader_epoch, max_timestamp=append_time_ms, create_time=create_time_ms
        )
        self._derived.note(written)
        return written

    def append_marker(
        self,
        *,
        producer_id: ProducerId,
        producer_epoch: ProducerEpoch,
        commit: bool,
        coordinator_epoch: CoordinatorEpoch,
        leader_epoch: LeaderEpoch,
        now_ms: int,
    ) -> AnyHeader:
        """T8: one control batch with one record. `now_ms` is wall time."""
        batch = build_end_transaction_marker(
            producer_id=producer_id,
            producer_epoch=producer_epoch,
            commit=commit,
            coordinator_epoch=coordinator_epoch,
            timestamp=now_ms,
        )
        self.roll_if_due(len(batch), now_ms, self.log_end_offset)
        return self.append_as_leader(batch, leader_epoch)

    def append_as_follower(self, batches: Buffer, headers: list[BatchHeader]) -> bool:
        """Append what the leader sent; `headers` are those of `batches`. Nothing but its bytes is checked: the leader
        decided (I1). Whether a segment was rolled."""
        if not headers:
            return False
        newest = max(header.max_timestamp for header in headers)
        rolled = self.roll_if_due(len(batches), newest, headers[-1].last_offset)
        for written in self.port.append_as_follower(batches):
            self._derived.note(written)
        return rolled

    def roll_if_due(self, size_bytes: int, max_timestamp: int, last_offset: Offset) -> bool:
        """L9: start a new segment, if it is time, before batches of this size, up to `last_offset`, are appended."""
        if not self.port.should_roll(
            size_bytes=size_bytes, max_timestamp=max_timestamp, last_offset=last_offset
        ):
            return False
        self._roll()
        return True

    def _roll(self) -> None:
        ended = self.port.active_segment_base_offset
        self._derived.segment_ended(self.port.roll(), ended)

    def begin_epoch(self, epoch: LeaderEpoch) -> None:
        """L11: a broker that becomes leader notes where its epoch starts, even if it never writes."""
        self._derived.begin_epoch(epoch, self.log_end_offset)

    # Cutting.

    def truncate_to(self, offset: Offset) -> None:
        """R11: drop every batch that reaches `offset` or beyond, and what followed from it."""
        if offset < self.log_end_offset:
            self.port.truncate_to(offset)
            self.truncations += 1
            self._not_cleaned_from(offset)
            self._derived.truncated()
        else:
            self._derived.forget_empty_epochs()

    def start_over_at(self, offset: Offset) -> None:
        """R11: the leader's log starts above our end: drop everything and start there."""
        self.port.truncate_fully_and_start_at(offset)
        self.truncations += 1
        self._not_cleaned_from(offset)
        self._derived.cleared()

    def advance_log_start_offset(self, offset: Offset) -> None:
        """L12."""
        self.port.advance_log_start_offset(offset)
        self._derived.start_advanced()

    def delete_segments_before(self, offset: Offset) -> None:
        """L13: delete whole segments that end at or below `offset`; the log start rises to the first one left. The
        active segment goes as well when all of it lies below: an empty one then takes its place."""
        if offset >= self.log_end_offset:
            self._roll()
        if self.port.delete_segments_before(offset):
            self._derived.segments_deleted()

    # Cleaning.

    def finish_cleaning(
        self,
        cleaning: Cleaning,
        *,
        end_offset: Offset,
        rewritten_offset: Offset,
        aborted: Collection[AbortedTransaction],
    ) -> bool:
        """L16, D6: put what was cleaned in its place. Everything below `end_offset` is clean then; in the segments
        below `rewritten_offset` only the transactions `aborted` have batches left that readers must skip. False when
        the cleaning was given up."""
        if not cleaning.swap_in():
            return False
        self.cleaned_offset = end_offset
        self._derived.cleaned(rewritten_offset, aborted)
        return True

    def _not_cleaned_from(self, offset: Offset) -> None:
        """What takes the place of what was cut off has yet to be cleaned."""
        if self.cleaned_offset is not None:
            self.cleaned_offset = min(self.cleaned_offset, offset)

    def close_cleanly(self) -> None:
        """D1, *stop*: write what is derived, flush, close."""
        if not self.failed:
            self._derived.segment_ended(self.log_end_offset, self.port.active_segment_base_offset)
            self.port.flush()
        self.port.close()

    def reconfigure(self, settings: TopicSettings) -> None:
        """Segments are shaped by these settings from the next append on."""
        self.port.reconfigure(log_config(settings))


def _partition_metadata(topic_id: TopicId) -> bytes:
    """`partition.metadata`, as Kafka writes it: the id in URL-safe base64."""
    return b"version: 0\ntopic_id: " + urlsafe_b64encode(topic_id).rstrip(b"=")
