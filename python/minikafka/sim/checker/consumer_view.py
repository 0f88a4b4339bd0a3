"""What a consumer was shown stays true: it was below the high watermark (F1, R4), or the last stable offset (T10).

offsets only grow
what was seen is what the log holds there, for as long as it holds it
read_committed: no record of a transaction that did not commit, and none before the outcome of an older one is known
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from minikafka.types import Offset, TopicPartition


class SeenRecord(NamedTuple):
    """One record as a consumer got it."""

    partition: TopicPartition
    offset: Offset
    value: bytes


def check(
    consumer: str,
    seen: Sequence[SeenRecord],
    found: Mapping[TopicPartition, Mapping[Offset, bytes]],
    starts: Mapping[TopicPartition, Offset],
    *,
    keeps_committed: bool,
) -> list[str]:
    """`found`: what the logs hold in the end, from `starts` on. keeps_committed: nothing that was shown may go."""
    violations = []
    last: dict[TopicPartition, Offset] = {}
    for record in seen:
        if record.offset <= last.get(record.partition, -1):
            violations.append(
                f"{consumer} went back: {record.partition} {record.offset} after {last[record.partition]}"
            )
        last[record.partition] = record.offset
        if not keeps_committed or record.offset < starts.get(record.partition, 0):
            continue
        there = found.get(record.partition, {}).get(record.offset)
        if there != record.value:
            violations.append(
                f"{consumer} saw {record.value!r} at {record.partition} offset {record.offset}; there is {there!r}"
            )
    return violations
