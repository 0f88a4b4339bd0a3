"""No acknowledged record is lost, none is there twice, and each producer's records are in its order (D5, I3, I4).

What is read is the log of a partition's leader, at the end, when the cluster is whole. An acknowledged value must be
there, exactly once, at the offset that the acknowledgement named, unless the log starts behind it by now.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Final

from minikafka.sim.client import Acknowledged
from minikafka.types import Offset, TopicPartition

NO_STARTS: Final[Mapping[TopicPartition, Offset]] = MappingProxyType({})


def check(
    acknowledged: Iterable[Sequence[Acknowledged]],
    found: Mapping[TopicPartition, Sequence[tuple[Offset, bytes]]],
    starts: Mapping[TopicPartition, Offset] = NO_STARTS,
    *,
    keeps_acknowledged: bool = True,
) -> list[str]:
    """Every violation, in words. `acknowledged`: per producer, in its order. `found`: per partition, in log order.
    `starts`: where logs start. keeps_acknowledged: the configuration promises that none is lost."""
    violations = []
    offsets: dict[tuple[TopicPartition, bytes], list[Offset]] = {}
    for partition, records in found.items():
        for offset, value in records:
            offsets.setdefault((partition, value), []).append(offset)
    for (partition, value), where in sorted(offsets.items()):
        if len(where) > 1:
            violations.append(f"duplicated: {value!r} is in {partition} at {where}")
    for promises in acknowledged:
        last = -1
        for promise in promises:
            where = offsets.get((promise.partition, promise.value), [])
            is_due = keeps_acknowledged and promise.offset >= starts.get(promise.partition, 0)
            if is_due and promise.offset not in where:
                violations.append(
                    f"lost: {promise.value!r} was acknowledged at {promise.partition} offset {promise.offset}; "
                    f"found at {where or 'no offset'}"
                )
            if promise.offset <= last and keeps_acknowledged:
                violations.append(f"reordered: {promise.value!r} at {promise.offset}, after {last}")
            last = promise.offset
    return violations


def check_order(
    sent: Mapping[TopicPartition, Sequence[Sequence[bytes]]],
    found: Mapping[TopicPartition, Sequence[tuple[Offset, bytes]]],
) -> list[str]:
    """Each producer's records stand in the log as it sent them. `sent`: per partition, each producer's values."""
    violations = []
    for partition, records in found.items():
        for values in sent.get(partition, ()):
            place = {value: index for index, value in enumerate(values)}
            there = [place[value] for _, value in records if value in place]
            if there != sorted(there):
                swapped = next(index for index in range(1, len(there)) if there[index] < there[index - 1])
                violations.append(
                    f"reordered: in {partition}, {values[there[swapped]]!r} is behind {values[there[swapped - 1]]!r}"
                )
    return violations
