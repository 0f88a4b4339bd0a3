"""Replicas agree below the high watermark: byte for byte, batch for batch.

What is above it may differ (it was never promised); what is below it, on any two replicas, up to the lower of their
high watermarks, may not.

On a compacted topic each replica cleans by itself, so their batches differ as soon as one of them has cleaned further
(L16). There records are compared: one that both have must be the same, and each replica must have the last record of
every key, except that a tombstone may be gone.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import TypeAlias

from minikafka.log.batch import read_records, split
from minikafka.partition.partition import Partition
from minikafka.types import BrokerId, Offset

CHUNK_BYTES = 1 << 20

Content: TypeAlias = tuple[bytes | None, bytes | None, int]
"""Key, value, timestamp of a record."""


def content(partition: Partition, start: Offset, end: Offset) -> bytes:
    """Whole batches of [start, end), as they are in this replica's log."""
    log = partition.log.port
    chunks = []
    offset = start
    while offset < end:
        chunk = log.read(offset, max_bytes=CHUNK_BYTES, upper_bound=end, at_least_one_batch=True)
        if chunk.next_offset <= offset:
            break
        chunks.append(chunk.data)
        offset = chunk.next_offset
    return b"".join(chunks)


def check(replicas: Mapping[BrokerId, Partition]) -> list[str]:
    """Every violation, in words, over the replicas of one partition."""
    violations = []
    brokers = sorted(replicas)
    for one, other in pairwise(brokers):
        first, second = replicas[one], replicas[other]
        start = max(first.log.log_start_offset, second.log.log_start_offset)
        end = min(first.high_watermark, second.high_watermark)
        if _agree(first, second, start, end):
            continue
        violations.append(f"diverged: {first.topic_partition} on {one} and {other}, within {start} and {end}")
    return violations


def _agree(first: Partition, second: Partition, start: Offset, end: Offset) -> bool:
    if not first.settings.is_compacted:
        return content(first, start, end) == content(second, start, end)
    left, right = _records(first, start), _records(second, start)
    both = {offset for offset in left.keys() & right.keys() if offset < end}
    is_same = all(left[offset] == right[offset] for offset in both)
    return is_same and _has_last_of_keys(left, right, end) and _has_last_of_keys(right, left, end)


def _records(partition: Partition, start: Offset) -> dict[Offset, Content]:
    """Every data record, above the high watermark as well: what is there may have superseded what is not."""
    data = content(partition, start, partition.log.log_end_offset)
    return {
        record.offset: (record.key, record.value, record.timestamp)
        for header, batch in split(data)
        if not header.is_control
        for record in read_records(batch)
    }


def _has_last_of_keys(
    records: Mapping[Offset, Content], other: Mapping[Offset, Content], end: Offset
) -> bool:
    """Whether `other` has the last record of each key of `records`, if that is no tombstone and below `end`."""
    last = {key: offset for offset, (key, _, _) in sorted(records.items())}
    return all(offset in other or records[offset][1] is None for offset in last.values() if offset < end)
