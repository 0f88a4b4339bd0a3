"""The logs as a consumer can read them at the moment of the verdict, and how far every replica is."""

from __future__ import annotations

import tempfile
from array import array
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final, NamedTuple, TypeAlias, overload

from minikafka.ledger.packed import Packed
from minikafka.log.batch import read_records, split
from minikafka.types import LeaderEpoch, Offset, TopicPartition

HEADER: Final = "qqiqqhi??iq"
"""How the fields of a `LoggedBatch`, but for its data, are packed."""
IN_MEMORY_BYTES: Final = 1 << 20
"""Of a log's data; more goes to a temporary file."""


Headers: TypeAlias = Sequence[tuple[str, bytes | None]]
IdOf: TypeAlias = Callable[[bytes | None, bytes | None, Headers], str]
"""From a record's key, value and headers to its id; empty where it has none."""
NOBODY_KNOWS: Final[Mapping[str, IdOf]] = MappingProxyType({})
"""Where the records of any topic have their ids."""


class LoggedBatch(NamedTuple):
    """One batch of a leader's log below its high watermark. data: the batch as it lies there."""

    base_offset: Offset
    last_offset: Offset
    leader_epoch: LeaderEpoch
    crc: int
    producer_id: int
    producer_epoch: int
    first_sequence: int
    is_control: bool
    is_transactional: bool
    control_type: int
    first_timestamp_ms: int
    data: bytes


class LoggedRecord(NamedTuple):
    """One record, opened. Its identity without a producer id: everything but the offset."""

    offset: Offset
    timestamp_ms: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...]


class LoggedPartition(NamedTuple):
    """One partition. is_readable: somebody leads and everything up to the high watermark was read; if not, `why`."""

    name: TopicPartition
    is_readable: bool
    why: str
    leader_epoch: LeaderEpoch
    log_start_offset: Offset
    high_watermark: Offset
    last_stable_offset: Offset
    log_end_offset: Offset
    is_compacted: bool
    batches: Sequence[LoggedBatch]
    """In the order of their offsets. Those of a `Spooled` come without their data."""


def logged_batches(data: bytes) -> Iterator[LoggedBatch]:
    """Every whole batch of a fetch answer."""
    for header, batch in split(data):
        yield LoggedBatch(
            header.base_offset,
            header.last_offset,
            header.partition_leader_epoch,
            header.crc,
            header.producer_id,
            header.producer_epoch,
            header.base_sequence,
            header.is_control,
            header.is_transactional,
            header.control_type,
            header.base_timestamp,
            bytes(batch),
        )


class Spooled(Sequence[LoggedBatch]):
    """The batches of one log: their headers packed, 60 bytes each, their data in a temporary file."""

    def __init__(self) -> None:
        self._headers: Packed[LoggedBatch] = Packed(HEADER, _without_data)
        self._sizes = array("i")
        self._data = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY_BYTES, prefix="minikafka-verdict-")  # noqa: SIM115

    def add(self, batch: LoggedBatch) -> None:
        """One more, at the end."""
        *header, data = batch
        self._headers.add(*header)
        self._sizes.append(len(data))
        self._data.write(data)

    def whole(self) -> Iterator[LoggedBatch]:
        """With their data, one at a time."""
        self._data.seek(0)
        for header, size in zip(self._headers, self._sizes, strict=True):
            yield header._replace(data=self._data.read(size))

    def close(self) -> None:
        """Nobody reads it any more."""
        self._data.close()

    def __len__(self) -> int:
        return len(self._headers)

    def __iter__(self) -> Iterator[LoggedBatch]:
        return iter(self._headers)

    @overload
    def __getitem__(self, index: int) -> LoggedBatch: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[LoggedBatch]: ...

    def __getitem__(self, index: int | slice) -> LoggedBatch | Sequence[LoggedBatch]:
        return self._headers[index]


def _without_data(numbers: tuple[Any, ...]) -> LoggedBatch:
    return LoggedBatch._make((*numbers, b""))


class Offsets:
    """Where the batches of a log begin: which of them is at an offset, or holds it."""

    def __init__(self, log: LoggedPartition) -> None:
        self._batches = log.batches
        self._starts = array("q", (batch.base_offset for batch in log.batches))

    def at(self, offset: Offset) -> LoggedBatch | None:
        """The one that begins there."""
        index = bisect_right(self._starts, offset) - 1
        return self._batches[index] if index >= 0 and self._starts[index] == offset else None

    def holding(self, offset: Offset) -> LoggedBatch | None:
        index = bisect_right(self._starts, offset) - 1
        found = self._batches[index] if index >= 0 else None
        return found if found is not None and offset <= found.last_offset else None


def opened(batches: Sequence[LoggedBatch]) -> Iterator[tuple[LoggedBatch, LoggedRecord]]:
    """The records of data batches, in order, one batch at a time, each with its batch."""
    for batch in batches.whole() if isinstance(batches, Spooled) else batches:
        if not batch.is_control:
            for record in read_records(batch.data):
                yield (
                    batch,
                    LoggedRecord(record.offset, record.timestamp, record.key, record.value, record.headers),
                )
