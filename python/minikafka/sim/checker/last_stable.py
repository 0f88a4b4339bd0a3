"""The last stable offset never passes a transaction whose outcome is not known yet (T10).

A reader was told (last stable offset L, high watermark H), and in the end the log is known, so that what could not be
known then can be judged now: of every transaction with a record below L, the marker must have been below H, or below
an H that this reader was told before: a former leader's high watermark may go down (R3), what was known stays known.
Else read_committed readers saw records before they were committed, or skipped none of an aborted transaction.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from minikafka.log.batch import split
from minikafka.types import Offset, ProducerId, TopicPartition


class Told(NamedTuple):
    """What one answer said of a partition."""

    partition: TopicPartition
    last_stable_offset: Offset
    high_watermark: Offset


class Transaction(NamedTuple):
    """As the log has it: from its first record to its marker."""

    producer_id: ProducerId
    first_offset: Offset
    marker_offset: Offset | None


def transactions_of(log: bytes) -> list[Transaction]:
    """In the order in which they began."""
    began: dict[ProducerId, Offset] = {}
    found = []
    for header, _ in split(log):
        if header.is_control:
            first = began.pop(header.producer_id, None)
            if first is not None:
                found.append(Transaction(header.producer_id, first, header.base_offset))
        elif header.is_transactional:
            began.setdefault(header.producer_id, header.base_offset)
    found += [Transaction(producer_id, first, None) for producer_id, first in began.items()]
    return sorted(found, key=lambda one: one.first_offset)


def check(told: Iterable[Told], logs: Mapping[TopicPartition, bytes]) -> list[str]:
    """`told`: one reader's, in order. `logs`: each partition's, whole."""
    transactions = {name: transactions_of(log) for name, log in logs.items()}
    violations = []
    known: dict[TopicPartition, Offset] = {}
    for one in dict.fromkeys(told):
        known[one.partition] = max(known.get(one.partition, 0), one.high_watermark)
        for transaction in transactions.get(one.partition, ()):
            marker = transaction.marker_offset
            if transaction.first_offset < one.last_stable_offset and (
                marker is None or marker >= known[one.partition]
            ):
                violations.append(
                    f"last stable offset {one.last_stable_offset} of {one.partition} (high watermark "
                    f"{one.high_watermark}) passed a transaction of producer {transaction.producer_id}, open from "
                    f"{transaction.first_offset} to {marker}"
                )
    return violations
