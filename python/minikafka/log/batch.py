"""Record batches, as the machines use them: headers, small batches built here, records read back.

The bytes are Rust's (`minikafka._core`); this is the one place of rings 2 and 3 that calls its pure functions.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from minikafka._core import (
    BatchError,
    BatchHeader,
    build_batch,
    build_end_transaction_marker,
    crc32c,
    inspect_batches,
    read_records,
)
from minikafka.types import NO_TIMESTAMP, Buffer

__all__ = [
    "BatchError",
    "BatchHeader",
    "build_batch",
    "build_end_transaction_marker",
    "crc32c",
    "inspect_batches",
    "read_records",
    "record_errors",
    "sequence_after",
    "split",
]

MAX_SEQUENCE: Final = 2**31 - 1


def sequence_after(sequence: int, count: int = 1) -> int:
    """The sequence `count` further on: after 2147483647 comes 0 (I4)."""
    return (sequence + count) & MAX_SEQUENCE


def record_errors(
    batch: Buffer, *, require_keys: bool, min_timestamp: int, max_timestamp: int
) -> list[tuple[int, str, str]]:
    """(index, "timestamp" or "invalid", why) of every bad record of one batch (L5-L7); empty means fine.

    Bounds are inclusive, in ms; a timestamp of -1 always passes. Raises BatchError when the records do not parse.
    """
    errors = []
    for index, record in enumerate(read_records(batch)):
        if require_keys and record.key is None:
            errors.append((index, "invalid", "a compacted topic needs a key in every record"))
        if record.timestamp != NO_TIMESTAMP and not min_timestamp <= record.timestamp <= max_timestamp:
            why = f"timestamp {record.timestamp} is not within {min_timestamp} and {max_timestamp}"
            errors.append((index, "timestamp", why))
    return errors


def split(data: Buffer) -> Iterator[tuple[BatchHeader, memoryview]]:
    """Each batch of `data` with its own bytes, uncopied. Raises BatchError when they are no whole batches."""
    view = memoryview(data)
    position = 0
    for header in inspect_batches(view, verify_crc=False):
        yield header, view[position : position + header.size_bytes]
        position += header.size_bytes
