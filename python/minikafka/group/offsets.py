"""What the groups have committed, and what they would have if their transactions commit (T12).

Two stores. *Committed* offsets are what OffsetFetch answers. *Pending* offsets were written inside a transaction
(TxnOffsetCommit); they wait for the transaction's marker in this very partition, which makes them committed or drops
them. A consumer that asks for stable offsets is told to wait for it, UNSTABLE_OFFSET_COMMIT [88].

When a pending offset becomes committed, the record written *later* wins, not the one whose turn came later: a plain
commit made after the transactional one must not be undone by its marker. Compaction keeps the last record of a key,
so any other rule would give one answer now and another after a restart.

Changed by replay alone, so it is the same on every coordinator that read the same log.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeVar

from minikafka.group.records import CommittedOffset
from minikafka.types import ProducerId, TopicPartition

V = TypeVar("V")


class Offsets:
    """All offsets of one coordinator partition, by group id and partition."""

    def __init__(self) -> None:
        self._committed: dict[str, dict[TopicPartition, CommittedOffset]] = {}
        self._pending: dict[ProducerId, dict[tuple[str, TopicPartition], CommittedOffset]] = {}
        self._writers: dict[str, dict[TopicPartition, dict[ProducerId, None]]] = {}
        """Which open transactions wrote an offset: the inverse of `_pending`."""

    def get(self, group_id: str, partition: TopicPartition) -> CommittedOffset | None:
        return self._committed.get(group_id, {}).get(partition)

    def groups(self) -> list[str]:
        """Those that committed something, in the order of their first commit."""
        return list(self._committed)

    def of_group(self, group_id: str) -> Iterator[tuple[TopicPartition, CommittedOffset]]:
        """In the order first committed."""
        return iter(self._committed.get(group_id, {}).items())

    def is_pending(self, group_id: str, partition: TopicPartition) -> bool:
        """An open transaction wrote this offset."""
        return partition in self._writers.get(group_id, {})

    def pending_of_group(self, group_id: str) -> Iterator[TopicPartition]:
        return iter(self._writers.get(group_id, {}))

    def put(self, group_id: str, partition: TopicPartition, committed: CommittedOffset) -> None:
        """A plain commit."""
        self._committed.setdefault(group_id, {})[partition] = committed

    def put_pending(
        self, producer_id: ProducerId, group_id: str, partition: TopicPartition, committed: CommittedOffset
    ) -> None:
        """A commit inside the producer's open transaction."""
        self._pending.setdefault(producer_id, {})[group_id, partition] = committed
        self._writers.setdefault(group_id, {}).setdefault(partition, {})[producer_id] = None

    def remove(self, group_id: str, partition: TopicPartition) -> None:
        """A tombstone: forget the offset, also what open transactions wrote of it."""
        _discard(self._committed, group_id, partition)
        for producer_id in self._writers.get(group_id, {}).get(partition, {}):
            del self._pending[producer_id][group_id, partition]
        _discard(self._writers, group_id, partition)

    def end_transaction(self, producer_id: ProducerId, *, committed: bool) -> None:
        """The producer's transaction ended here. A repeated marker finds nothing pending and does nothing."""
        for (group_id, partition), pending in self._pending.pop(producer_id, {}).items():
            writers = self._writers[group_id][partition]
            del writers[producer_id]
            if not writers:
                _discard(self._writers, group_id, partition)
            existing = self.get(group_id, partition)
            is_newer = existing is None or pending.record_offset > existing.record_offset
            if committed and is_newer:
                self.put(group_id, partition, pending)


def _discard(by_group: dict[str, dict[TopicPartition, V]], group_id: str, partition: TopicPartition) -> None:
    partitions = by_group.get(group_id)
    if partitions is not None:
        partitions.pop(partition, None)
        if not partitions:
            del by_group[group_id]
