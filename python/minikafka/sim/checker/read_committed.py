"""Transactions: what committed is visible once and in every partition it was written to, what aborted never (T7-T10).

Read as a read_committed consumer would: records count when their producer's commit marker comes behind them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import NamedTuple

from minikafka.log.batch import read_records, split
from minikafka.types import Offset, ProducerId, TopicPartition


class Attempt(NamedTuple):
    """One transaction as its producer knows it: a value, and the partitions it was written to. `committed` is None when
    the producer was never told."""

    value: bytes
    partitions: frozenset[TopicPartition]
    committed: bool | None


def readable(log: bytes) -> tuple[list[tuple[Offset, bytes]], Offset]:
    """What a read_committed consumer of this log sees, and where it stops: at the first record of a transaction that is
    open, or at the end."""
    found: list[tuple[Offset, bytes]] = []
    open_from: dict[ProducerId, Offset] = {}
    written: dict[ProducerId, list[tuple[Offset, bytes]]] = {}
    end = 0
    for header, data in split(log):
        end = header.last_offset + 1
        if header.is_control:
            open_from.pop(header.producer_id, None)
            records = written.pop(header.producer_id, [])
            found += records if header.control_type == 1 else []
            continue
        records = [(record.offset, record.value) for record in read_records(data) if record.value is not None]
        if header.is_transactional:
            open_from.setdefault(header.producer_id, header.base_offset)
            written.setdefault(header.producer_id, []).extend(records)
        else:
            found += records
    stable = min(open_from.values(), default=end)
    return sorted(record for record in found if record[0] < stable), stable


def visible(log: bytes) -> Counter[bytes]:
    """How often a read_committed consumer of this log sees each value; what is behind an open transaction counts, since
    that may yet end."""
    seen: Counter[bytes] = Counter()
    written: dict[ProducerId, list[bytes]] = {}
    for header, data in split(log):
        if header.is_control:
            values = written.pop(header.producer_id, [])
            seen.update(values if header.control_type == 1 else [])
        else:
            values = [record.value for record in read_records(data) if record.value is not None]
            written.setdefault(header.producer_id, []).extend(values)
    return seen


def check(attempts: list[Attempt], logs: Mapping[TopicPartition, bytes]) -> list[str]:
    """What does not fit. `logs`: each partition's, whole."""
    seen = {name: visible(log) for name, log in logs.items()}
    violations = [
        f"{value!r} is visible {count} times in {name}"
        for name, values in seen.items()
        for value, count in values.items()
        if count > 1
    ]
    for attempt in attempts:
        found = frozenset(name for name, values in seen.items() if values[attempt.value])
        if attempt.committed is False and found:
            violations.append(f"aborted {attempt.value!r} is visible in {sorted(found)}")
        elif attempt.committed and found != attempt.partitions:
            violations.append(f"committed {attempt.value!r} is visible in {sorted(found)} only")
        elif attempt.committed is None and found not in (frozenset(), attempt.partitions):
            violations.append(f"half of {attempt.value!r} is visible: {sorted(found)}")
    return violations
