"""What a fetch brought: whole batches out of a buffer that may end within one, aborted records left out (F5, T11)."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from minikafka._core import BatchHeader, Record
from minikafka.log.batch import read_records, split
from minikafka.types import Buffer, Offset, ProducerId

_SIZE: Final = struct.Struct(">i")
_SIZE_AT: Final = 8
_BEFORE_SIZE: Final = 12


class Aborted(NamedTuple):
    """An aborted transaction: from this offset until its marker nothing of this producer counts."""

    first_offset: Offset
    producer_id: ProducerId


class ReadBatch(NamedTuple):
    """records: those that count, from the wanted offset on. Empty for markers and what was aborted."""

    header: BatchHeader
    records: list[Record]


def whole_batches(data: Buffer) -> memoryview:
    """The part of `data` that is complete: a broker may cut the last batch short."""
    view = memoryview(data)
    end = 0
    while end + _BEFORE_SIZE <= len(view):
        (size,) = _SIZE.unpack_from(view, end + _SIZE_AT)
        if size < 0 or end + _BEFORE_SIZE + size > len(view):
            break
        end += _BEFORE_SIZE + size
    return view[:end]


def batches_from(data: Buffer, position: Offset, aborted: Sequence[Aborted] | None) -> Iterator[ReadBatch]:
    """Each batch from `position` on. aborted: None reads uncommitted. Raises BatchError for what does not parse."""
    to_come = sorted(aborted or ())
    skipped: set[ProducerId] = set()
    for header, batch in split(whole_batches(data)):
        while to_come and to_come[0].first_offset <= header.last_offset:
            skipped.add(to_come.pop(0).producer_id)
        records: list[Record] = []
        if header.is_control:
            skipped.discard(header.producer_id)
        elif header.last_offset >= position and not (
            header.is_transactional and header.producer_id in skipped
        ):
            records = [record for record in read_records(batch) if record.offset >= position]
        yield ReadBatch(header, records)
