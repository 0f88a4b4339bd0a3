"""What `port.Cleaning` means, over lists of batches: the reference beside `model.py`."""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple

from minikafka._core import Record
from minikafka.log.batch import BatchHeader, build_batch, crc32c, inspect_batches, read_records
from minikafka.log.port import Keep, Retention
from minikafka.types import NO_OFFSET, Offset

ENTRY_BYTES: Final = 24
ATTRIBUTES_AT: Final = 21
LOG_APPEND_TIME: Final = 0x08
DELETE_HORIZON: Final = 0x40
KEPT_ATTRIBUTES: Final = 0x38
"""Timestamp type, transactional, control."""


class Stored(NamedTuple):
    """One batch."""

    header: BatchHeader
    data: bytes


class ModelCleaning:
    """Every member is documented in `port.Cleaning`. written: (base offsets it stands for, batches left)."""

    def __init__(
        self,
        sources: Mapping[Offset, list[Stored]],
        buffer_bytes: int,
        swap_in: Callable[[Sequence[tuple[tuple[Offset, ...], list[Stored]]]], None],
    ) -> None:
        self.is_given_up = False
        self.latest_offset: Offset = NO_OFFSET
        self.written: list[tuple[tuple[Offset, ...], list[Stored]]] = []
        self._sources = sources
        self._swap_in = swap_in
        self._most = max(1, buffer_bytes // ENTRY_BYTES)
        self._last_of_key: dict[bytes, Offset] = {}
        self._ahead: list[Stored] = []
        self._chunk: list[Stored] = []

    def read_segment(self, base_offset: Offset) -> None:
        self._ahead = list(self._sources.get(base_offset, ()))

    def headers(self, *, max_batches: int) -> Sequence[BatchHeader]:
        self._chunk, self._ahead = self._ahead[:max_batches], self._ahead[max_batches:]
        return [stored.header for stored in self._chunk]

    def remember_keys(self, wanted: Sequence[bool]) -> int:
        for done, (stored, is_wanted) in enumerate(zip(self._chunk, wanted, strict=True)):
            for record in read_records(stored.data) if is_wanted else ():
                if record.key is None:
                    continue
                if len(self._last_of_key) >= self._most:
                    return done
                self._last_of_key[record.key] = record.offset
            self.latest_offset = stored.header.last_offset
        return len(self._chunk)

    def begin_segment(self, bases: Sequence[Offset]) -> None:
        self.written.append((tuple(bases), []))

    def write(self, retentions: Sequence[Retention]) -> None:
        left = [self._left(*each) for each in zip(self._chunk, retentions, strict=True)]
        self.written[-1][1].extend(stored for stored in left if stored is not None)

    def _left(self, stored: Stored, retention: Retention) -> Stored | None:
        records = _as_sent(stored)
        kept = [record for record in records if self._stays(record, retention)]
        if not kept:
            return _rebuilt(stored.header, [], None) if retention.keep_empty else None
        is_stamped = retention.keep is Keep.EVERYTHING or any(record.value is None for record in kept)
        horizon = retention.delete_horizon_ms if is_stamped else None
        if horizon is None and len(kept) == len(records):
            return stored
        return _rebuilt(stored.header, kept, horizon)

    def _stays(self, record: Record, retention: Retention) -> bool:
        if retention.keep is not Keep.LAST_OF_KEY:
            return retention.keep is Keep.EVERYTHING
        if record.key is None or (record.value is None and retention.drop_tombstones):
            return False
        is_beyond = record.offset > self.latest_offset
        return is_beyond or record.offset >= self._last_of_key.get(record.key, NO_OFFSET)

    def end_segment(self) -> None:
        """There is nothing to sync."""

    def swap_in(self) -> bool:
        if not self.is_given_up:
            self._swap_in(self.written)
        return not self.is_given_up

    def discard(self) -> None:
        self.written.clear()


def _as_sent(stored: Stored) -> Sequence[Record]:
    """Its records with their own timestamps, also under LogAppendTime: those stay in the bytes (L6)."""
    data = bytearray(stored.data)
    data[ATTRIBUTES_AT + 1] &= ~LOG_APPEND_TIME
    return read_records(data)


def _rebuilt(header: BatchHeader, records: Sequence[Record], horizon: int | None) -> Stored:
    """The batch with these records, built anew; its fields patched to those of the old."""
    base = horizon if horizon is not None else (header.base_timestamp if records else -1)
    body = b"".join(_record(header, record, base) for record in records)
    packed = build_batch([(0, None, None, ())])[:61] + body
    data = bytearray(packed)
    has_horizon = horizon is not None or (header.has_delete_horizon and records)
    attributes = header.attributes & KEPT_ATTRIBUTES | (DELETE_HORIZON if has_horizon else 0)
    newest = header.max_timestamp
    if records and not header.is_log_append_time:
        newest = max(record.timestamp for record in records)
    struct.pack_into(">qii", data, 0, header.base_offset, len(data) - 12, header.partition_leader_epoch)
    struct.pack_into(
        ">hiqqqhii",
        data,
        ATTRIBUTES_AT,
        attributes,
        header.last_offset_delta,
        base,
        newest,
        header.producer_id,
        header.producer_epoch,
        header.base_sequence,
        len(records),
    )
    struct.pack_into(">I", data, 17, crc32c(bytes(data[ATTRIBUTES_AT:])))
    return Stored(inspect_batches(data)[0], bytes(data))


def _record(header: BatchHeader, record: Record, base_timestamp: int) -> bytes:
    """As it stands in a batch. Headers are left out: the tests that compare bytes send none."""
    fields = b"\0" + _varint(record.timestamp - base_timestamp) + _varint(record.offset - header.base_offset)
    for part in (record.key, record.value):
        fields += _varint(-1) if part is None else _varint(len(part)) + part
    fields += _varint(0)
    return _varint(len(fields)) + fields


def _varint(value: int) -> bytes:
    raw = (value << 1) ^ (value >> 63)
    out = bytearray()
    while raw >= 0x80:
        out.append(raw & 0x7F | 0x80)
        raw >>= 7
    return bytes([*out, raw])
