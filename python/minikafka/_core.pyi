"""Types of the compiled half, one section per set of files in rust/py/src."""

from collections.abc import Sequence
from typing import Literal, TypeAlias, final

from minikafka.log.port import LogConfig, Retention
from minikafka.wire.message import Message

_Buffer: TypeAlias = bytes | bytearray | memoryview

__all__ = [
    "BatchError",
    "BatchHeader",
    "Cleaning",
    "DecodeError",
    "Disk",
    "EncodeError",
    "Flusher",
    "FrameSplitter",
    "Log",
    "LogError",
    "LogSlice",
    "Record",
    "RecordError",
    "RequestHeader",
    "SegmentInfo",
    "build_batch",
    "build_end_transaction_marker",
    "crc32c",
    "decode_message",
    "decode_request",
    "decode_request_header",
    "decode_response",
    "decode_unsigned_varint",
    "encode_message",
    "encode_request",
    "encode_response",
    "inspect_batches",
    "read_records",
    "recompress_batch",
    "schema_versions",
    "validate_records",
]

# --- log: rust/py/src/{batch,log,fs,flush,error}.rs ---------------------------------------------------------

_BatchErrorKind: TypeAlias = Literal[
    "corrupt", "invalid", "unsupported_magic", "unsupported_compression", "too_large"
]

class BatchError(ValueError):
    """Bytes that are no acceptable batch. Nothing was appended."""

    kind: _BatchErrorKind

class LogError(OSError):
    """The disk failed, or the log it failed under is offline since."""

@final
class BatchHeader:
    """One record batch without its records (magic 2). Frozen; see `minikafka.log.port.BatchHeader`."""

    def __new__(
        cls,
        *,
        base_offset: int = 0,
        record_count: int = 1,
        last_offset_delta: int | None = None,
        partition_leader_epoch: int = ...,
        size_bytes: int = 61,
        magic: int = 2,
        crc: int = 0,
        attributes: int = 0,
        base_timestamp: int = 0,
        max_timestamp: int | None = None,
        producer_id: int = ...,
        producer_epoch: int = ...,
        base_sequence: int = ...,
        transactional: bool = False,
        control: bool = False,
        control_type: int = ...,
        coordinator_epoch: int = ...,
    ) -> BatchHeader: ...
    @property
    def base_offset(self) -> int: ...
    @property
    def last_offset(self) -> int: ...
    @property
    def partition_leader_epoch(self) -> int: ...
    @property
    def size_bytes(self) -> int: ...
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
    def last_sequence(self) -> int: ...
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
    def compression(self) -> int: ...
    @property
    def control_type(self) -> int: ...
    @property
    def coordinator_epoch(self) -> int: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...

@final
class Record:
    """One record, read back. timestamp in ms; under LogAppendTime the batch's max timestamp (L6)."""

    @property
    def offset(self) -> int: ...
    @property
    def timestamp(self) -> int: ...
    @property
    def key(self) -> bytes | None: ...
    @property
    def value(self) -> bytes | None: ...
    @property
    def headers(self) -> tuple[tuple[str, bytes | None], ...]: ...

@final
class RecordError:
    """Why one record of a batch is refused (L5-L7)."""

    @property
    def batch_index(self) -> int: ...
    @property
    def kind(self) -> Literal["invalid", "key", "timestamp"]: ...
    @property
    def message(self) -> str: ...

@final
class LogSlice:
    """Whole batches and the offsets they span; see `minikafka.log.port.LogSlice`."""

    @property
    def data(self) -> bytes: ...
    @property
    def base_offset(self) -> int: ...
    @property
    def next_offset(self) -> int: ...

@final
class SegmentInfo:
    """One segment, as retention looks at it; see `minikafka.log.port.SegmentInfo`."""

    @property
    def base_offset(self) -> int: ...
    @property
    def next_offset(self) -> int: ...
    @property
    def size_bytes(self) -> int: ...
    @property
    def largest_timestamp(self) -> int: ...
    @property
    def first_timestamp(self) -> int: ...

@final
class Cleaning:
    """Segments being rewritten; see `minikafka.log.port.Cleaning`, which documents every member."""

    @property
    def is_given_up(self) -> bool: ...
    @property
    def latest_offset(self) -> int: ...
    def read_segment(self, base_offset: int) -> None: ...
    def headers(self, *, max_batches: int) -> list[BatchHeader]: ...
    def remember_keys(self, wanted: Sequence[bool]) -> int: ...
    def begin_segment(self, bases: Sequence[int]) -> None: ...
    def write(self, retentions: Sequence[Retention]) -> None: ...
    def end_segment(self) -> None: ...
    def swap_in(self) -> bool: ...
    def discard(self) -> None: ...

def crc32c(data: _Buffer, initial: int = 0) -> int:
    """CRC-32C (Castagnoli), as in batches, producer snapshots and Kafka's checkpoints of state."""

def inspect_batches(data: _Buffer, *, verify_crc: bool = True) -> list[BatchHeader]:
    """The headers of a buffer that holds whole batches and nothing else.

    Raises BatchError: `corrupt` (CRC, sizes, cut short), `unsupported_magic`, `invalid`.
    """

def build_batch(
    records: Sequence[tuple[int, bytes | None, bytes | None, Sequence[tuple[str, bytes | None]]]],
    *,
    base_offset: int = 0,
    partition_leader_epoch: int = ...,
    producer_id: int = ...,
    producer_epoch: int = ...,
    base_sequence: int = ...,
    transactional: bool = False,
    control: bool = False,
    log_append_time: bool = False,
    compression: int = 0,
) -> bytes:
    """One batch of (timestamp ms, key, value, headers) records."""

def build_end_transaction_marker(
    *, producer_id: int, producer_epoch: int, commit: bool, coordinator_epoch: int, timestamp: int
) -> bytes:
    """One control batch holding one end-transaction marker (T8). timestamp in ms."""

def read_records(data: _Buffer) -> list[Record]:
    """The records of every batch in the buffer, control records included, decompressed with a cap.

    Raises BatchError: `too_large` past the cap, `corrupt` for anything that does not parse.
    """

def recompress_batch(batch: _Buffer, *, compression: int, level: int | None = None) -> bytes:
    """The batch with its records compressed otherwise (L3): 0 none, 1 gzip, 2 snappy, 3 lz4, 4 zstd. `level` is gzip's
    or zstd's; the others have none.

    Raises BatchError when the records cannot be unpacked.
    """

def validate_records(
    batch: _Buffer, *, require_keys: bool, min_timestamp: int | None, max_timestamp: int | None
) -> tuple[list[RecordError], int]:
    """Look at every record of one batch (L4-L7): what is wrong, empty meaning fine, and their largest timestamp, -1
    when none has one. The batch is opened if compressed.

    Raises BatchError when the records do not parse at all. Bounds are inclusive, in ms; -1 timestamps always pass.
    """

@final
class Log:
    """One replica's log on disk; see `minikafka.log.port.Log`, which documents every member."""

    @staticmethod
    def open(
        disk: Disk,
        directory: str,
        *,
        config: LogConfig,
        recovery_point: int,
        log_start_offset: int,
        clean: bool,
    ) -> Log: ...
    @property
    def directory(self) -> str: ...
    @property
    def log_start_offset(self) -> int: ...
    @property
    def log_end_offset(self) -> int: ...
    @property
    def recovery_point(self) -> int: ...
    @property
    def size_bytes(self) -> int: ...
    @property
    def active_segment_base_offset(self) -> int: ...
    @property
    def segment_count(self) -> int: ...
    @property
    def failed(self) -> bool: ...
    def append_as_leader(
        self,
        batch: _Buffer,
        *,
        leader_epoch: int,
        max_timestamp: int | None = None,
        create_time: int | None = None,
    ) -> BatchHeader: ...
    def append_as_follower(self, batches: _Buffer) -> list[BatchHeader]: ...
    def should_roll(self, *, size_bytes: int, max_timestamp: int, last_offset: int) -> bool: ...
    def roll(self) -> int: ...
    def read(
        self, offset: int, *, max_bytes: int, upper_bound: int, at_least_one_batch: bool
    ) -> LogSlice: ...
    def headers(self, from_offset: int, *, max_batches: int) -> list[BatchHeader]: ...
    def truncate_to(self, offset: int) -> None: ...
    def truncate_fully_and_start_at(self, offset: int) -> None: ...
    def advance_log_start_offset(self, offset: int) -> None: ...
    def delete_segments_before(self, offset: int) -> int: ...
    def begin_cleaning(self, up_to: int, *, buffer_bytes: int) -> Cleaning: ...
    def segments(self) -> list[SegmentInfo]: ...
    def reconfigure(self, config: LogConfig) -> None: ...
    def offset_for_timestamp(self, timestamp: int, *, upper_bound: int) -> tuple[int, int] | None: ...
    def max_timestamp_offset(self, *, upper_bound: int) -> tuple[int, int] | None: ...
    def flush(self) -> int: ...
    def close(self) -> None: ...

@final
class Disk:
    """A file system. Members are documented in `minikafka.log.port.Disk`."""

    @staticmethod
    def os() -> Disk:
        """The operating system's files."""
    @staticmethod
    def tracked(*, real_sync: bool = True) -> Disk:
        """The operating system's files, remembering what is not synced, so that `power_loss` can take it away.

        Without `real_sync` a sync only moves that memory: for data that need not outlive the machine.
        """
    @staticmethod
    def simulated(seed: int) -> Disk:
        """In memory, deterministic: a volatile and a durable image of every file and directory entry."""
    def open_log(
        self,
        directory: str,
        *,
        config: LogConfig,
        recovery_point: int,
        log_start_offset: int,
        clean: bool,
    ) -> Log: ...
    def read_file(self, path: str) -> bytes | None: ...
    def write_file_atomically(self, path: str, data: _Buffer) -> None: ...
    def write_file(self, path: str, data: _Buffer) -> None: ...
    def remove_file(self, path: str) -> bool: ...
    def list_directory(self, path: str) -> list[str]: ...
    def make_directory(self, path: str) -> None: ...
    def rename(self, source: str, target: str, *, durable: bool = True) -> None: ...
    def remove_tree(self, path: str) -> None: ...
    def power_loss(self, directory: str, seed: int | None = None) -> None:
        """Leave under `directory` what a power cut would: without a seed everything not synced is gone, with one a
        random, torn part survives. Logs open there are offline. Raises ValueError on `os()`."""
    def fail_sync(self, path_prefix: str, times: int = 1) -> None:
        """The next `times` syncs of a file or directory under the prefix fail (simulated only). A later call for the
        same prefix replaces an earlier one, and 0 ends it."""
    def plant(
        self,
        number: int,
        path: str,
        kind: str,
        *,
        amount: int = 0,
        skip: int = 0,
        times: int | None = None,
    ) -> None:
        """Let the disk fail at and below `path` (not simulated) until `heal(number)`. kind: `fail_sync`, or
        `slow_sync` by `amount` ms (of segments only; not the first `skip` syncs, at most `times` of them), or `full`
        once `amount` more bytes are written. Raises ValueError for anything else."""
    def heal(self, number: int) -> None:
        """No more of it. What failed because of it stays failed."""
    def struck(self, number: int) -> int:
        """How often that fault struck; 0 when there is none of this number."""
    def cut_power_after(self, changes: int) -> None:
        """After so many more changes (writes, syncs, names) each one fails, in the middle of whatever is being done,
        until `power_loss` (simulated only)."""
    def set_full(self, full: bool) -> None:
        """While set, every write that would grow a file fails with ENOSPC (simulated only)."""

@final
class Flusher:
    """Group commit: a few threads that sync dirty logs, one fsync per file and round, never under the GIL."""

    def __new__(cls) -> Flusher: ...
    def request(self, log: Log, token: int) -> None:
        """Sync what the log holds now. Requests for one log that wait together share one sync."""
    def fileno(self) -> int:
        """Readable while completions wait; `completed` drains it."""
    def completed(self) -> list[tuple[int, int, str | None]]:
        """(token, recovery point, why it failed or None) of every request answered since the last call."""
    def close(self) -> None:
        """Finish what was asked, then stop the threads."""

# --- end of log ---------------------------------------------------------------------------------------------

# --- codec and frames: rust/py/src/codec, rust/py/src/frames.rs -----------------------------------------------

class DecodeError(ValueError):
    """Malformed input."""

class EncodeError(ValueError):
    """A value that the version cannot carry."""

@final
class RequestHeader:
    """The part of a request header that every version has."""

    def __new__(
        cls, api_key: int, api_version: int, correlation_id: int, client_id: str | None = None
    ) -> RequestHeader: ...
    @property
    def api_key(self) -> int: ...
    @property
    def api_version(self) -> int: ...
    @property
    def correlation_id(self) -> int: ...
    @property
    def client_id(self) -> str | None: ...
    def __eq__(self, value: object, /) -> bool: ...
    def __ne__(self, value: object, /) -> bool: ...
    __hash__: None  # type: ignore[assignment]

def decode_request_header(frame: _Buffer) -> RequestHeader:
    """The header of a request frame (without its length), whatever its API key and version. Raises DecodeError."""

def decode_request(frame: _Buffer) -> tuple[RequestHeader, Message | None]:
    """Header and body; the body is None when the schema lacks the API key or the version. Raises DecodeError."""

def decode_response(api_key: int, api_version: int, frame: _Buffer) -> tuple[int, Message]:
    """Correlation id and body of a response frame (without its length). Raises DecodeError."""

def encode_request(
    api_key: int, api_version: int, correlation_id: int, client_id: str | None, body: object
) -> bytes:
    """A request frame with its length. Raises EncodeError."""

def encode_response(api_key: int, api_version: int, correlation_id: int, body: object) -> bytes:
    """A response frame with its length; an ApiVersions response always has header version 0. Raises EncodeError."""

def decode_message(name: str, version: int, data: _Buffer, offset: int) -> Message:
    """A message by its schema's name, without header, from `offset` on. Raises DecodeError."""

def encode_message(name: str, version: int, value: Message, prefix: bytes) -> bytes:
    """A message by its schema's name, after `prefix`. Raises EncodeError."""

def decode_unsigned_varint(data: _Buffer, offset: int) -> tuple[int, int]:
    """An unsigned varint at `offset`: its value and the offset after it. Raises DecodeError."""

def schema_versions() -> list[tuple[int, int, int]]:
    """`(API key, lowest, highest stable version)` of every request, by key."""

@final
class FrameSplitter:
    """One connection's receive side, for asyncio's BufferedProtocol: bytes in, frames (without lengths) out."""

    def __new__(cls, max_frame_bytes: int) -> FrameSplitter: ...
    def get_buffer(self, size_hint: int = -1) -> bytearray:
        """A writable buffer for the next bytes, to be filled from its start."""

    def buffer_updated(self, count: int) -> list[bytes]:
        """Take the first `count` bytes of the buffer; the frames that are complete now.

        Raises DecodeError on a negative length or one over `max_frame_bytes`, before anything is kept for it.
        """

    @property
    def pending_bytes(self) -> int:
        """How many bytes of an incomplete frame are held."""
