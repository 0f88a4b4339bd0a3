"""The port between the machines and the bytes: what a replica may ask of its log (ADR 0001).

Ring 2 sees batches only through their *headers*: offsets, epochs, sequences, flags. The bytes stay in Rust (or in the
buffer they arrived in). Everything here is a call that runs at page-cache speed; whether bytes are *on disk* is told by
`recovery_point`, which only a flush moves (D2, D4).

Protocols, not classes: `minikafka._core` satisfies them with real files or simulated ones, `log/model.py` with a list.
All offsets named `*_end_offset`, `next_offset`, `recovery_point` are exclusive; `last_offset` is inclusive.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum
from typing import NamedTuple, Protocol

from minikafka.types import Buffer, LeaderEpoch, Offset


class LogConfig(NamedTuple):
    """The topic settings that shape segments. Kafka's names, units and defaults."""

    segment_bytes: int = 1 << 30
    """`segment.bytes`: a segment is rolled before it would grow past this."""
    segment_ms: int = 7 * 24 * 3600 * 1000
    """`segment.ms`: measured from the segment's first batch timestamp (L9)."""
    index_interval_bytes: int = 4096
    """`index.interval.bytes`: one index entry per so many bytes of batches."""
    segment_index_bytes: int = 10 << 20
    """`segment.index.bytes`: an offset or time index that is full rolls the segment."""
    segment_jitter_ms: int = 0
    """`segment.jitter.ms`: up to so much is taken off `segment_ms`, for each segment another share, always the same."""


class BatchHeader(Protocol):
    """What stands before the records of one batch (magic 2). `_core.BatchHeader` is the class; read-only."""

    @property
    def base_offset(self) -> Offset: ...
    @property
    def last_offset(self) -> Offset:
        """Inclusive: base offset plus last offset delta. A compacted batch may hold fewer records than its span."""
        ...

    @property
    def partition_leader_epoch(self) -> LeaderEpoch: ...
    @property
    def size_bytes(self) -> int:
        """The whole batch, its 61-byte header included."""
        ...

    @property
    def magic(self) -> int: ...
    @property
    def crc(self) -> int: ...
    @property
    def attributes(self) -> int: ...
    @property
    def last_offset_delta(self) -> int: ...
    @property
    def base_timestamp(self) -> int: ...
    @property
    def max_timestamp(self) -> int: ...
    @property
    def producer_id(self) -> int: ...
    @property
    def producer_epoch(self) -> int: ...
    @property
    def base_sequence(self) -> int: ...
    @property
    def last_sequence(self) -> int:
        """Inclusive; after 2147483647 comes 0 (I4). -1 when the batch has no sequence."""
        ...

    @property
    def record_count(self) -> int: ...
    @property
    def is_transactional(self) -> bool: ...
    @property
    def is_control(self) -> bool: ...
    @property
    def is_log_append_time(self) -> bool: ...
    @property
    def has_delete_horizon(self) -> bool: ...
    @property
    def compression(self) -> int:
        """0 none, 1 gzip, 2 snappy, 3 lz4, 4 zstd."""
        ...

    @property
    def control_type(self) -> int:
        """0 abort, 1 commit, others as written; -1 when this is no control batch (T8)."""
        ...

    @property
    def coordinator_epoch(self) -> int:
        """Of an end-transaction marker; -1 for every other batch."""
        ...


class LogSlice(Protocol):
    """Whole batches, ready for the wire, and the offsets they span."""

    @property
    def data(self) -> bytes: ...
    @property
    def base_offset(self) -> Offset:
        """Of the first batch; the offset asked for when `data` is empty. May lie below what was asked (F3)."""
        ...

    @property
    def next_offset(self) -> Offset:
        """One past the last offset in `data`; the offset asked for when `data` is empty."""
        ...


class SegmentInfo(Protocol):
    """One segment, as retention looks at it (L13)."""

    @property
    def base_offset(self) -> Offset: ...
    @property
    def next_offset(self) -> Offset:
        """Exclusive: one past its last offset; the log end offset for the active segment."""
        ...

    @property
    def size_bytes(self) -> int: ...
    @property
    def largest_timestamp(self) -> int:
        """Of all its records, in ms; -1 when none has a timestamp."""
        ...

    @property
    def first_timestamp(self) -> int:
        """The largest record timestamp of its first batch, in ms; -1 when that has none, or there is no batch."""
        ...


class Keep(IntEnum):
    """Which records of a batch stay when its segment is cleaned (L16)."""

    NOTHING = 0
    LAST_OF_KEY = 1
    """Those whose key is not seen again in what was remembered; a record without a key goes."""
    EVERYTHING = 2


class Retention(NamedTuple):
    """What becomes of one batch when its segment is cleaned (L16)."""

    keep: Keep
    keep_empty: bool = False
    """When no record is left, the header stays: its offsets and its producer's sequence."""
    drop_tombstones: bool = False
    """Records without a value go, even the last of their key."""
    delete_horizon_ms: int | None = None
    """Stamped into a batch that keeps a tombstone, or EVERYTHING: wall time from which that may go."""


class Cleaning(Protocol):
    """Inactive segments being rewritten, off the loop; the log goes on meanwhile. `Log.begin_cleaning` makes one.

    Twice through the headers, `read_segment` and `headers` until there are no more: first `remember_keys`, then,
    between `begin_segment` and `end_segment`, `write`, each for the batches handed out last. `swap_in` ends it.

    Raises BatchError for a damaged batch, LogError when the disk failed or the cleaning was given up.
    """

    @property
    def is_given_up(self) -> bool:
        """The log lost batches meanwhile (truncation, retention) or was closed; this leads nowhere."""
        ...

    @property
    def latest_offset(self) -> Offset:
        """Batches up to here, inclusive, are remembered whole; -1 before the first."""
        ...

    def read_segment(self, base_offset: Offset) -> None:
        """Read on from the beginning of this segment."""
        ...

    def headers(self, *, max_batches: int) -> Sequence[BatchHeader]:
        """The next batches of the segment; empty at its end."""
        ...

    def remember_keys(self, wanted: Sequence[bool]) -> int:
        """Remember at which offset the keys of the wanted batches were seen; how many batches, wanted or not, are done.
        Fewer than were handed out: there is no room for more keys."""
        ...

    def begin_segment(self, bases: Sequence[Offset]) -> None:
        """Begin the segment that takes the place of these, which follow one another."""
        ...

    def write(self, retentions: Sequence[Retention]) -> None:
        """Write what is left of the batches handed out last."""
        ...

    def end_segment(self) -> None:
        """Close the segment begun last, and sync it."""
        ...

    def swap_in(self) -> bool:
        """On the loop: put what was written in place of what was read (D6), durably. False, and nothing changed, when
        the cleaning was given up. The log's ends and its recovery point stay. Raises LogError, and the log is offline,
        also when the disk had failed under the cleaning."""
        ...

    def discard(self) -> None:
        """Remove what was written; nobody is going to swap it in."""
        ...


class Log(Protocol):
    """One replica's log: segments and indexes in one directory, in Kafka's file formats (L10).

    Raises `_core.BatchError` (a `ValueError`, state as before) for bytes that may not be appended, and `_core.LogError`
    (an `OSError`) when the disk failed; after that `failed` is true and every later call raises (style rule 9).
    """

    @property
    def directory(self) -> str: ...
    @property
    def log_start_offset(self) -> Offset:
        """First offset a reader may ask for. Invariant: log_start_offset <= log_end_offset."""
        ...

    @property
    def log_end_offset(self) -> Offset:
        """The offset the next batch gets; exclusive."""
        ...

    @property
    def recovery_point(self) -> Offset:
        """Everything below is on disk. Invariant: recovery_point <= log_end_offset."""
        ...

    @property
    def size_bytes(self) -> int: ...
    @property
    def active_segment_base_offset(self) -> Offset: ...
    @property
    def segment_count(self) -> int: ...
    @property
    def failed(self) -> bool: ...
    def append_as_leader(
        self,
        batch: Buffer,
        *,
        leader_epoch: LeaderEpoch,
        max_timestamp: int | None = None,
        create_time: int | None = None,
    ) -> BatchHeader:
        """Append exactly one batch at the log end offset; return its header as written (L3).

        Base offset and leader epoch are stamped outside the CRC. With `max_timestamp` (LogAppendTime, ms) the batch is
        flagged and its max timestamp set, with `create_time` (CreateTime, the largest of its records', ms) the flag is
        cleared and it is set as well; if that changes anything the CRC is rewritten. The CRC as sent is *not* checked
        again: inspect first.

        Never rolls: ask `should_roll` before, so that producer state can be snapshotted at the roll (L9, I9).
        """
        ...

    def append_as_follower(self, batches: Buffer) -> Sequence[BatchHeader]:
        """Append whole batches as the leader wrote them: CRC checked, offsets ascending and >= the log end offset.

        All or nothing. Gaps are legal (compaction). Never rolls: ask `should_roll` before.
        """
        ...

    def should_roll(self, *, size_bytes: int, max_timestamp: int, last_offset: Offset) -> bool:
        """Whether the active segment must be rolled before these bytes are appended (L9).

        A segment whose first batch has no timestamp (-1) is not rolled by time.
        """
        ...

    def roll(self) -> Offset:
        """Start a new segment at the log end offset; return its base offset.

        No-op while the active segment is empty. The old segment is dirty until the next flush. Segments always begin
        where the one before ended: recovery relies on it to see a lost tail.
        """
        ...

    def read(
        self, offset: Offset, *, max_bytes: int, upper_bound: Offset, at_least_one_batch: bool
    ) -> LogSlice:
        """Whole batches from the one containing `offset`, none with a base offset >= `upper_bound` (F3).

        Stops before `max_bytes` would be passed, or at the end of a segment; with `at_least_one_batch` the first batch
        comes whole whatever its size. Raises ValueError unless log_start_offset <= offset <= log_end_offset.
        """
        ...

    def headers(self, from_offset: Offset, *, max_batches: int) -> Sequence[BatchHeader]:
        """Headers from the batch containing `from_offset`, for replay in bounded chunks; empty at the log end."""
        ...

    def truncate_to(self, offset: Offset) -> None:
        """Drop every batch whose last offset is >= `offset` (R11); lowers the recovery point with it.

        The log then ends right behind the last batch left: at `offset`, unless that fell into a batch or into a gap
        that compaction left. Not synced. Producer snapshots above, and transaction indexes of dropped segments, are
        deleted with them. No-op when `offset` >= the log end offset.
        """
        ...

    def truncate_fully_and_start_at(self, offset: Offset) -> None:
        """Drop everything; log start, log end and recovery point become `offset` (R11)."""
        ...

    def advance_log_start_offset(self, offset: Offset) -> None:
        """Raise the log start offset (L12); lower values are ignored. Raises ValueError above the log end offset."""
        ...

    def delete_segments_before(self, offset: Offset) -> int:
        """Delete whole segments whose next offset is <= `offset`, oldest first, never the active one (L13).

        Returns how many. The log start offset rises to the first base offset left.
        """
        ...

    def begin_cleaning(self, up_to: Offset, *, buffer_bytes: int) -> Cleaning:
        """Begin to clean the inactive segments that end at or below `up_to` (L16), remembering keys in about
        `buffer_bytes`; a cleaning under way is given up."""
        ...

    def segments(self) -> Sequence[SegmentInfo]:
        """Every segment, oldest first; the last one is active."""
        ...

    def reconfigure(self, config: LogConfig) -> None:
        """Use these settings from the next append on."""
        ...

    def offset_for_timestamp(self, timestamp: int, *, upper_bound: Offset) -> tuple[Offset, int] | None:
        """(offset, timestamp) of the first record with timestamp >= `timestamp` and offset < `upper_bound` (F5)."""
        ...

    def max_timestamp_offset(self, *, upper_bound: Offset) -> tuple[Offset, int] | None:
        """(offset, timestamp) of the earliest record that has the largest timestamp below `upper_bound` (F5)."""
        ...

    def flush(self) -> Offset:
        """fsync whatever is dirty, directory included; return the new recovery point. Blocks."""
        ...

    def close(self) -> None:
        """Let the files go. Does not flush: a clean stop flushes first."""
        ...


class Disk(Protocol):
    """One file system as seen from a log directory: small files, directories, and opening logs.

    Paths are strings joined with '/'. Raises `_core.LogError` when the disk fails.
    """

    def open_log(
        self,
        directory: str,
        *,
        config: LogConfig,
        recovery_point: Offset,
        log_start_offset: Offset,
        clean: bool,
    ) -> Log:
        """Open, or create, the log in `directory`; recovery runs unless `clean` (D2, D3). A job, not a call."""
        ...

    def read_file(self, path: str) -> bytes | None:
        """The whole file, or None when there is none."""
        ...

    def write_file_atomically(self, path: str, data: Buffer) -> None:
        """Temp file, fsync, rename, fsync of the directory (D6): after a crash the old content or the new."""
        ...

    def write_file(self, path: str, data: Buffer) -> None:
        """Plain write, no fsync: for what may be lost, such as the snapshot taken at a roll (L9)."""
        ...

    def remove_file(self, path: str) -> bool:
        """False when there was none."""
        ...

    def list_directory(self, path: str) -> list[str]:
        """Names, sorted; empty when there is no such directory."""
        ...

    def make_directory(self, path: str) -> None:
        """With its parents; the entry is durable when this returns. No error when it exists."""
        ...

    def rename(self, source: str, target: str, *, durable: bool = True) -> None:
        """File or directory; on disk when this returns if `durable`."""
        ...

    def remove_tree(self, path: str) -> None:
        """No error when it does not exist."""
        ...
