"""What readers saw, and how far they looked.

Only a reader that says so (`read`) is proof that something is not there. Where some reads are final, only those count:
what an earlier one saw may have gone since, and that is the point.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from minikafka.checker.operation import READ_COMMITTED, Op, Operation


class Place(NamedTuple):
    """Where a record was."""

    topic: str
    partition: int
    offset: int

    def __str__(self) -> str:
        return f"{self.topic}-{self.partition} offset {self.offset}"


class Range(NamedTuple):
    """[first, end) of one partition, seen whole by one reader."""

    process: str
    first: int
    end: int
    isolation: str
    is_final: bool


def place_of(operation: Operation) -> Place:
    return Place(operation.topic, operation.partition, operation.offset)


class Reads:
    """Everything polled. by_id: topic and id -> its polls, in order. at: place -> the first poll of each id there."""

    def __init__(self, history: Iterable[Operation], isolation: str) -> None:
        """`isolation`: of readers that do not say."""
        self.polls: list[Operation] = []
        self.by_id: dict[tuple[str, str], list[Operation]] = {}
        self.at: dict[Place, dict[str, Operation]] = {}
        self.partitions: dict[str, set[int]] = {}
        """Topic -> those that the history names."""
        self._isolation = isolation
        self._ranges: dict[tuple[str, int], list[Range]] = {}
        for operation in history:
            if operation.partition >= 0 and operation.topic:
                self.partitions.setdefault(operation.topic, set()).add(operation.partition)
            if operation.op is Op.POLL:
                self._poll(operation)
            elif operation.op is Op.READ:
                place = (operation.topic, operation.partition)
                seen = Range(
                    operation.process,
                    operation.first,
                    operation.offset,
                    self.isolation_of(operation),
                    operation.final,
                )
                self._ranges.setdefault(place, []).append(seen)

    def _poll(self, operation: Operation) -> None:
        self.polls.append(operation)
        self.by_id.setdefault((operation.topic, operation.id), []).append(operation)
        self.at.setdefault(place_of(operation), {}).setdefault(operation.id, operation)

    def isolation_of(self, operation: Operation) -> str:
        return operation.isolation or self._isolation

    def ranges(self, topic: str, partition: int, isolation: str = "") -> list[Range]:
        """The proofs there are: final ones only, if any is. `isolation`: only such readers', if there are such."""
        found = self._ranges.get((topic, partition), [])
        found = [one for one in found if one.is_final] or found
        return [one for one in found if one.isolation == isolation] or found

    def of_topic(self, topic: str) -> dict[int, list[Range]]:
        """Every partition the history names; empty where nobody read to an end."""
        return {
            partition: self.ranges(topic, partition) for partition in sorted(self.partitions.get(topic, ()))
        }

    def seen_by(self, topic: str, id: str, ranges: Iterable[Range]) -> list[Operation]:  # noqa: A002
        """The polls of this record by these readers."""
        processes = {one.process for one in ranges}
        return [poll for poll in self.by_id.get((topic, id), ()) if poll.process in processes]

    def counts(self, poll: Operation) -> bool:
        """The poll is one that the configuration is about."""
        return self._isolation != READ_COMMITTED or self.is_committed_only(poll)

    def is_committed_only(self, operation: Operation) -> bool:
        return self.isolation_of(operation) == READ_COMMITTED
