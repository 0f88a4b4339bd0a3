"""No acknowledged record is lost, none is there twice, and each producer's records are in its order.

What is read is the log of a partition's leader, at the end, when the cluster is whole. An acknowledged value must be
there, exactly once, at the offset that the acknowledgement named.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from minikafka.sim.client import Acknowledged
from minikafka.types import Offset, TopicPartition


def check(
    acknowledged: Iterable[Sequence[Acknowledged]], found: Mapping[TopicPartition, Sequence[tuple[Offset, bytes]]]
) -> list[str]:
    """Every violation, in words. `acknowledged`: per producer, in its order. `found`: per partition, in log order."""
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
            if promise.offset not in where:
                violations.append(
                    f"lost: {promise.value!r} was acknowledged at {promise.partition} offset {promise.offset}; "
                    f"found at {where or 'no offset'}"
                )
            if promise.offset <= last:
                violations.append(f"reordered: {promise.value!r} at {promise.offset}, after {last}")
            last = promise.offset
    return violations
