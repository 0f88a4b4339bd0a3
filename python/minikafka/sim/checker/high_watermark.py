"""The high watermark says: everybody who counts has everything below this (R4, R6).

Looked at after every turn of every broker, for the leader of each partition:

    it does not move back within one life and leader epoch
    it does not pass the leader's own log
    it does not move while the ISR is under min ISR (R6)
    every live broker that might be elected cleanly, so every member of the ISR and of the ELR as the controller has
    them, holds everything below it: on disk, in fsync mode

The last is what makes the others worth having: an acknowledged record is below it, so whoever is elected has it. A
member that lost power in page-cache mode is not held to it: what it lost, it lost after it had counted.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from minikafka.partition.partition import Partition
from minikafka.types import BrokerId, LeaderEpoch, Offset, TopicPartition


class _Seen(NamedTuple):
    high_watermark: Offset
    was_under_min_isr: bool


class HighWatermarks:
    """Looks at leaders as the world goes on. `fsync`: a replica counts as far as it is on disk."""

    def __init__(self, *, fsync: bool = False) -> None:
        self._fsync = fsync
        self._seen: dict[tuple[BrokerId, int, TopicPartition, LeaderEpoch], _Seen] = {}
        self._told: set[tuple[TopicPartition, BrokerId, LeaderEpoch]] = set()
        self.violations: list[str] = []

    def look(self, broker: BrokerId, life: int, partition: Partition) -> None:
        """Note where it is; compare with where it was."""
        if not partition.is_leader:
            return
        name, epoch = partition.topic_partition, partition.leader_epoch
        key = (broker, life, name, epoch)
        now = partition.high_watermark
        is_under = len(partition.isr) < partition.min_insync_replicas
        before = self._seen.get(key)
        self._seen[key] = _Seen(now, is_under)
        where = f"high watermark of {name} on {broker}, epoch {epoch},"
        if before is not None and now < before.high_watermark:
            self.violations.append(f"{where} went from {before.high_watermark} to {now}")
        if before is not None and before.was_under_min_isr and is_under and now > before.high_watermark:
            self.violations.append(f"{where} moved to {now} while the ISR {partition.isr} was under min ISR")
        if now > partition.log.log_end_offset:
            self.violations.append(f"{where} is {now}, past its log")

    def compare(
        self,
        leader: BrokerId,
        partition: Partition,
        electable: Iterable[BrokerId],
        held: Mapping[BrokerId, Partition],
    ) -> None:
        """`electable` in this leader epoch; `held`: the replicas of those alive that never lost anything."""
        for member in electable:
            other = held.get(member)
            if other is None or member == leader or other.offline is not None:
                continue
            end = other.log.recovery_point if self._fsync else other.log.log_end_offset
            key = (partition.topic_partition, member, partition.leader_epoch)
            if end < partition.high_watermark and key not in self._told:
                self._told.add(key)
                self.violations.append(
                    f"high watermark of {partition.topic_partition} on {leader}, epoch {partition.leader_epoch}, is "
                    f"{partition.high_watermark}, but {member}, who may be elected, has only {end}"
                )
