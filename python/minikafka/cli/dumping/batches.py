"""The batches of a `.log` or `.checkpoint` file, one by one, also past those that are damaged."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple

from minikafka._core import BatchHeader
from minikafka.log.batch import inspect_batches
from minikafka.types import Offset

BASE_OFFSET_AND_SIZE: Final = struct.Struct(">qi")
SMALLEST: Final = 14
"""A message of the oldest format, after its offset and size."""
LOOKED_AT_BYTES: Final = 4096


class FoundBatch(NamedTuple):
    """header: None for what is no sound batch, of which `wrong` says why."""

    position: int
    base_offset: Offset
    data: bytes
    header: BatchHeader | None
    wrong: str = ""


def batches(path: Path, *, verify_crc: bool = True) -> Iterator[FoundBatch]:
    """Until the end, or until nothing says where the next one begins. One is in memory at a time, and the file may be
    cut shorter by the broker that owns it meanwhile. Raises OSError."""
    position = 0
    with path.open("rb") as file:
        size = path.stat().st_size
        while position < size:
            found = _next(file, position, size - position, verify_crc)
            yield found
            if not found.data:
                return
            position += len(found.data)


def _next(file: BinaryIO, position: int, left: int, verify_crc: bool) -> FoundBatch:
    start = file.read(BASE_OFFSET_AND_SIZE.size)
    if left < BASE_OFFSET_AND_SIZE.size + SMALLEST or len(start) < BASE_OFFSET_AND_SIZE.size:
        return FoundBatch(position, -1, b"", None, f"torn: the last {left} bytes are no batch")
    base_offset, size = BASE_OFFSET_AND_SIZE.unpack(start)
    if size < SMALLEST or BASE_OFFSET_AND_SIZE.size + size > left:
        wrong = _why_no_batch(start + file.read(LOOKED_AT_BYTES), size, left)
        return FoundBatch(position, base_offset, b"", None, wrong)
    data = start + file.read(size)
    try:
        (header,) = inspect_batches(data, verify_crc=verify_crc)
    except ValueError as error:
        return FoundBatch(position, base_offset, data, None, str(error))
    return FoundBatch(position, base_offset, data, header)


def _why_no_batch(beginning: bytes, size: int, left: int) -> str:
    if not any(beginning):
        return f"{left} bytes that begin with zeros: space set aside, or lost in a power cut"
    if size < SMALLEST:
        return f"a batch of {size} bytes is none; {left} bytes are left"
    return f"torn: a batch of {size + BASE_OFFSET_AND_SIZE.size} bytes, of which {left} are there"
