"""A segment: its batches, their records, and for internal topics what the records mean."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from minikafka._core import BatchHeader, Record
from minikafka.cli.dumping.batches import FoundBatch, batches
from minikafka.cli.dumping.lines import Choice, Line, problem
from minikafka.cli.dumping.meaning import control_meaning, meaning
from minikafka.cli.output import Cell, bytes_cell
from minikafka.cli.times import time_text
from minikafka.log.batch import BatchError, read_records
from minikafka.types import NO_PRODUCER_ID, NO_SEQUENCE

PARTITION_DIRECTORY: Final = re.compile(r"(.+)-\d+(?:\.[0-9a-f]{32}-\w+)?")
"""`orders-0`, and what Kafka renames it to before deleting."""
COMPRESSIONS: Final = ("none", "gzip", "snappy", "lz4", "zstd")


def decode(path: Path, choice: Choice) -> Iterator[Line]:
    """Raises OSError."""
    matched = PARTITION_DIRECTORY.fullmatch(path.absolute().parent.name)
    topic = choice.topic or (matched[1] if matched else "")
    expected = -1
    for found in batches(path):
        header = found.header
        if header is None:
            yield problem(found.wrong, position=found.position, base_offset=found.base_offset)
            continue
        if header.base_offset < expected:
            yield problem(
                f"offset {header.base_offset} after {expected - 1}: offsets go backwards",
                position=found.position,
            )
        expected = header.last_offset + 1
        if header.last_offset >= choice.from_offset:
            yield Line("batch", _batch(found, header))
            if choice.records:
                yield from _records(found, header, topic)


def _batch(found: FoundBatch, header: BatchHeader) -> dict[str, Cell]:
    fields: dict[str, Cell] = {
        "base_offset": header.base_offset,
        "last_offset": header.last_offset,
        "records": header.record_count,
        "leader_epoch": header.partition_leader_epoch,
        "position": found.position,
        "size_bytes": header.size_bytes,
        "crc": header.crc,
        "compression": COMPRESSIONS[header.compression],
        "max_timestamp_ms": header.max_timestamp,
        "max_time": time_text(header.max_timestamp),
    }
    if header.producer_id != NO_PRODUCER_ID:
        fields |= {"producer_id": header.producer_id, "producer_epoch": header.producer_epoch}
        if header.base_sequence != NO_SEQUENCE:
            fields |= {"base_sequence": header.base_sequence, "last_sequence": header.last_sequence}
    flags = {
        "transactional": header.is_transactional,
        "control": header.is_control,
        "log_append_time": header.is_log_append_time,
        "delete_horizon": header.has_delete_horizon,
    }
    return fields | {name: True for name, is_set in flags.items() if is_set}


def _records(found: FoundBatch, header: BatchHeader, topic: str) -> Iterator[Line]:
    try:
        records = read_records(found.data)
    except BatchError as error:
        yield problem(f"records: {error}", position=found.position, base_offset=header.base_offset)
        return
    if len(records) != header.record_count:
        yield problem(
            f"the batch says {header.record_count} records and holds {len(records)}",
            position=found.position,
        )
    for record in records:
        yield _control(record) if header.is_control else _record(record, topic)


def _control(record: Record) -> Line:
    return Line("control", {"offset": record.offset, **control_meaning(record.key, record.value)}, depth=1)


def _record(record: Record, topic: str) -> Line:
    fields: dict[str, Cell] = {"offset": record.offset, "timestamp_ms": record.timestamp}
    decoded = meaning(topic, record.key, record.value)
    if decoded is not None:
        return Line("record", fields | decoded, depth=1)
    fields |= bytes_cell("key", record.key) | bytes_cell("value", record.value)
    if record.headers:
        fields["headers"] = [bytes_cell(name, value) for name, value in record.headers]
    return Line("record", fields, depth=1)


def positions(path: Path) -> dict[int, BatchHeader]:
    """The sound batches by position, for holding an index against them. Raises OSError."""
    return {each.position: each.header for each in batches(path, verify_crc=False) if each.header is not None}
