"""Record batches, as the machines use them: headers, small batches built here, records read back.

The bytes are Rust's (`minikafka._core`); this is the one place of rings 2 and 3 that calls its pure functions.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from minikafka._core import (
    BatchError,
    BatchHeader,
    RecordError,
    build_batch,
    build_end_transaction_marker,
    crc32c,
    inspect_batches,
    read_records,
    recompress_batch,
    validate_records,
)
from minikafka.types import Buffer

__all__ = [
    "BatchError",
    "BatchHeader",
    "RecordError",
    "build_batch",
    "build_end_transaction_marker",
    "crc32c",
    "inspect_batches",
    "read_records",
    "recompress_batch",
    "sequence_after",
    "split",
    "validate_records",
]

MAX_SEQUENCE: Final = 2**31 - 1


def sequence_after(sequence: int, count: int = 1) -> int:
    """The sequence `count` further on: after 2147483647 comes 0 (I4)."""
    return (sequence + count) & MAX_SEQUENCE


def split(data: Buffer) -> Iterator[tuple[BatchHeader, memoryview]]:
    """Each batch of `data` with its own bytes, uncopied. Raises BatchError when they are no whole batches."""
    view = memoryview(data)
    position = 0
    for header in inspect_batches(view, verify_crc=False):
        yield header, view[position : position + header.size_bytes]
        position += header.size_bytes
