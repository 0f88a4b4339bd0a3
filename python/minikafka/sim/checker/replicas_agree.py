"""Replicas agree below the high watermark: byte for byte, batch for batch.

What is above it may differ (it was never promised); what is below it, on any two replicas, up to the lower of their
high watermarks, may not.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

from minikafka.partition.partition import Partition
from minikafka.types import BrokerId, Offset

CHUNK_BYTES = 1 << 20


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
        if content(first, start, end) != content(second, start, end):
            violations.append(f"diverged: {first.topic_partition} on {one} and {other}, within {start} and {end}")
    return violations
