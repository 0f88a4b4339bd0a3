"""A log in memory: what `port.Log` means, said as plainly as possible. The reference in tests, never a broker's log.

One list of batches per segment, nothing clever: every question is answered by looking at all of them. Whatever this
and the Rust log answer differently is a bug in one of the two. `ModelDisk` is a dictionary of files beside it; nothing
is ever lost there, so what survives a crash is not its subject (that is the simulated disk's).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from minikafka.log.batch import BatchError, BatchHeader, crc32c, inspect_batches, read_records, split
from minikafka.log.model_cleaning import ModelCleaning, Stored
from minikafka.log.port import LogConfig
from minikafka.types import NO_TIMESTAMP, Buffer, LeaderEpoch, Offset

CRC_AT: Final = 17
ATTRIBUTES_AT: Final = 21
MAX_TIMESTAMP_AT: Final = 35
LOG_APPEND_TIME: Final = 0x08
LAST_RELATIVE_OFFSET: Final = 2**31 - 1


class ModelSlice(NamedTuple):
    """`port.LogSlice`."""

    data: bytes
    base_offset: Offset
    next_offset: Offset


class ModelSegmentInfo(NamedTuple):
    """`port.SegmentInfo`."""

    base_offset: Offset
    next_offset: Offset
    size_bytes: int
    largest_timestamp: int
    first_timestamp: int = NO_TIMESTAMP


@dataclass(slots=True)
class _Segment:
    base_offset: Offset
    batches: list[Stored] = field(default_factory=list)

    @property
    def size_bytes(self) -> int:
        return sum(len(stored.data) for stored in self.batches)

    @property
    def next_offset(self) -> Offset:
        return self.batches[-1].header.last_offset + 1 if self.batches else self.base_offset


class ModelLog:
    """`port.Log` over lists. Every member is documented there."""

    def __init__(self, directory: str, config: LogConfig, start_offset: Offset = 0) -> None:
        self.directory = directory
        self.failed = False
        self.recovery_point = start_offset
        self.log_start_offset = start_offset
        self.log_end_offset = start_offset
        self._config = config
        self._segments = [_Segment(start_offset)]
        self._cleaning: ModelCleaning | None = None

    @property
    def size_bytes(self) -> int:
        return sum(segment.size_bytes for segment in self._segments)

    @property
    def active_segment_base_offset(self) -> Offset:
        return self._segments[-1].base_offset

    @property
    def segment_count(self) -> int:
        return len(self._segments)

    def append_as_leader(
        self,
        batch: Buffer,
        *,
        leader_epoch: LeaderEpoch,
        max_timestamp: int | None = None,
        create_time: int | None = None,
    ) -> BatchHeader:
        data = bytearray(batch)
        struct.pack_into(">q", data, 0, self.log_end_offset)
        struct.pack_into(">i", data, 12, leader_epoch)
        timestamp = create_time if max_timestamp is None else max_timestamp
        if timestamp is not None:
            (attributes,) = struct.unpack_from(">h", data, ATTRIBUTES_AT)
            flag = 0 if max_timestamp is None else LOG_APPEND_TIME
            struct.pack_into(">h", data, ATTRIBUTES_AT, attributes & ~LOG_APPEND_TIME | flag)
            struct.pack_into(">q", data, MAX_TIMESTAMP_AT, timestamp)
            struct.pack_into(">I", data, CRC_AT, crc32c(bytes(data[ATTRIBUTES_AT:])))
        headers = inspect_batches(data, verify_crc=False)
        if len(headers) != 1:
            raise BatchError("invalid", "a leader appends exactly one batch")
        self._store(Stored(headers[0], bytes(data)))
        return headers[0]

    def append_as_follower(self, batches: Buffer) -> Sequence[BatchHeader]:
        headers = inspect_batches(batches)
        expected = self.log_end_offset
        for header in headers:
            if header.base_offset < expected:
                raise BatchError("invalid", f"offset {header.base_offset} after {expected - 1}")
            expected = header.last_offset + 1
        for header, data in split(batches):
            self._store(Stored(header, bytes(data)))
        return headers

    def _store(self, stored: Stored) -> None:
        self._segments[-1].batches.append(stored)
        self.log_end_offset = stored.header.last_offset + 1

    def should_roll(self, *, size_bytes: int, max_timestamp: int, last_offset: Offset) -> bool:
        active = self._segments[-1]
        if not active.batches:
            return False
        first = active.batches[0].header.max_timestamp
        too_old = first != NO_TIMESTAMP and max_timestamp - first > self._config.segment_ms
        too_big = active.size_bytes > self._config.segment_bytes - size_bytes
        return too_big or too_old or last_offset - active.base_offset > LAST_RELATIVE_OFFSET

    def roll(self) -> Offset:
        if self._segments[-1].batches:
            self._segments.append(_Segment(self.log_end_offset))
        return self.active_segment_base_offset

    def _from(self, offset: Offset) -> Iterator[Stored]:
        for segment in self._segments:
            for stored in segment.batches:
                if stored.header.last_offset >= offset:
                    yield stored

    def _rest_of_segment(self, offset: Offset) -> list[Stored]:
        for segment in self._segments:
            if rest := [stored for stored in segment.batches if stored.header.last_offset >= offset]:
                return rest
        return []

    def read(
        self, offset: Offset, *, max_bytes: int, upper_bound: Offset, at_least_one_batch: bool
    ) -> ModelSlice:
        if not self.log_start_offset <= offset <= self.log_end_offset:
            raise ValueError(f"offset {offset} is not in [{self.log_start_offset}, {self.log_end_offset}]")
        taken: list[Stored] = []
        size = 0
        for stored in self._rest_of_segment(offset):
            size += len(stored.data)
            fits = size <= max_bytes or (at_least_one_batch and not taken)
            if not fits or stored.header.base_offset >= upper_bound:
                break
            taken.append(stored)
        if not taken:
            return ModelSlice(b"", offset, offset)
        data = b"".join(stored.data for stored in taken)
        return ModelSlice(data, taken[0].header.base_offset, taken[-1].header.last_offset + 1)

    def headers(self, from_offset: Offset, *, max_batches: int) -> Sequence[BatchHeader]:
        return [stored.header for stored in self._from(from_offset)][:max_batches]

    def truncate_to(self, offset: Offset) -> None:
        if offset >= self.log_end_offset:
            return
        self._give_up_cleaning()
        kept = [segment for segment in self._segments if segment.base_offset <= offset]
        for segment in kept:
            segment.batches = [stored for stored in segment.batches if stored.header.last_offset < offset]
        self._segments = kept or [_Segment(offset)]
        end = self._segments[-1].next_offset
        self.log_end_offset = end
        self.log_start_offset = min(self.log_start_offset, end)
        self.recovery_point = min(self.recovery_point, end)

    def truncate_fully_and_start_at(self, offset: Offset) -> None:
        self._give_up_cleaning()
        self._segments = [_Segment(offset)]
        self.log_start_offset = self.log_end_offset = self.recovery_point = offset

    def advance_log_start_offset(self, offset: Offset) -> None:
        if offset > self.log_end_offset:
            raise ValueError(f"offset {offset} is above the log end offset {self.log_end_offset}")
        self.log_start_offset = max(self.log_start_offset, offset)

    def delete_segments_before(self, offset: Offset) -> int:
        deletable = 0
        while deletable + 1 < len(self._segments) and self._segments[deletable + 1].base_offset <= offset:
            deletable += 1
        self._segments = self._segments[deletable:]
        if deletable:
            self._give_up_cleaning()
            self.log_start_offset = max(self.log_start_offset, self._segments[0].base_offset)
        return deletable

    def begin_cleaning(self, up_to: Offset, *, buffer_bytes: int) -> ModelCleaning:
        ends = [segment.base_offset for segment in self._segments[1:]]
        sources = {
            segment.base_offset: segment.batches
            for segment, end in zip(self._segments, ends, strict=False)
            if end <= up_to
        }
        if self._cleaning is not None:
            self._cleaning.is_given_up = True
        self._cleaning = ModelCleaning(sources, buffer_bytes, self._swap_in)
        return self._cleaning

    def _swap_in(self, written: Sequence[tuple[tuple[Offset, ...], list[Stored]]]) -> None:
        cleaned = {bases[0]: batches for bases, batches in written}
        gone = {base for bases, _ in written for base in bases[1:]}
        self._segments = [segment for segment in self._segments if segment.base_offset not in gone]
        for segment in self._segments:
            segment.batches = cleaned.get(segment.base_offset, segment.batches)
        self._cleaning = None

    def _give_up_cleaning(self) -> None:
        if self._cleaning is not None:
            self._cleaning.is_given_up = True

    def segments(self) -> Sequence[ModelSegmentInfo]:
        ends = [segment.base_offset for segment in self._segments[1:]] + [self.log_end_offset]
        return [
            ModelSegmentInfo(
                segment.base_offset,
                end,
                segment.size_bytes,
                max(map(_newest, segment.batches), default=NO_TIMESTAMP),
                segment.batches[0].header.max_timestamp if segment.batches else NO_TIMESTAMP,
            )
            for segment, end in zip(self._segments, ends, strict=True)
        ]

    def reconfigure(self, config: LogConfig) -> None:
        self._config = config

    def _timestamps(self, upper_bound: Offset) -> Iterator[tuple[Offset, int]]:
        for stored in self._from(self.log_start_offset):
            for record in read_records(stored.data):
                if self.log_start_offset <= record.offset < upper_bound:
                    yield record.offset, record.timestamp

    def offset_for_timestamp(self, timestamp: int, *, upper_bound: Offset) -> tuple[Offset, int] | None:
        return next((found for found in self._timestamps(upper_bound) if found[1] >= timestamp), None)

    def max_timestamp_offset(self, *, upper_bound: Offset) -> tuple[Offset, int] | None:
        return max(self._timestamps(upper_bound), key=lambda found: (found[1], -found[0]), default=None)

    def flush(self) -> Offset:
        self.recovery_point = self.log_end_offset
        return self.recovery_point

    def close(self) -> None:
        """There are no files to let go."""


def _newest(stored: Stored) -> int:
    return stored.header.max_timestamp if stored.header.record_count else NO_TIMESTAMP


class ModelDisk:
    """`port.Disk` over dictionaries. A log opened again is the same log."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.logs: dict[str, ModelLog] = {}

    def open_log(
        self,
        directory: str,
        *,
        config: LogConfig,
        recovery_point: Offset,
        log_start_offset: Offset,
        clean: bool,
    ) -> ModelLog:
        log = self.logs.setdefault(directory, ModelLog(directory, config))
        log.advance_log_start_offset(min(log_start_offset, log.log_end_offset))
        return log

    def read_file(self, path: str) -> bytes | None:
        return self.files.get(path)

    def write_file_atomically(self, path: str, data: Buffer) -> None:
        self.files[path] = bytes(data)

    def write_file(self, path: str, data: Buffer) -> None:
        self.files[path] = bytes(data)

    def remove_file(self, path: str) -> bool:
        return self.files.pop(path, None) is not None

    def list_directory(self, path: str) -> list[str]:
        prefix = f"{path}/"
        return sorted(name.removeprefix(prefix) for name in self.files if name.startswith(prefix))

    def make_directory(self, path: str) -> None:
        """Directories are but prefixes here."""

    def rename(self, source: str, target: str, *, durable: bool = True) -> None:
        for name in [name for name in self.files if name == source or name.startswith(f"{source}/")]:
            self.files[target + name.removeprefix(source)] = self.files.pop(name)

    def remove_tree(self, path: str) -> None:
        for name in [name for name in self.files if name == path or name.startswith(f"{path}/")]:
            del self.files[name]
