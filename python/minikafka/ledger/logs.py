"""The logs as a consumer can read them at the moment of the verdict, and how far every replica is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from minikafka.log.batch import read_records, split
from minikafka.types import LeaderEpoch, Offset, TopicPartition


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
    batches: list[LoggedBatch]


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


def opened(batches: Iterable[LoggedBatch]) -> Iterator[LoggedRecord]:
    """The records of data batches, in order."""
    for batch in batches:
        if not batch.is_control:
            for record in read_records(batch.data):
                yield LoggedRecord(record.offset, record.timestamp, record.key, record.value, record.headers)
