"""A leader's high watermark never moves back within its epoch, and never passes its own log end (R4)."""

from __future__ import annotations

from minikafka.partition.partition import Partition
from minikafka.types import BrokerId, LeaderEpoch, Offset, TopicPartition


class HighWatermarks:
    """Looks at leaders as the world goes on."""

    def __init__(self) -> None:
        self._seen: dict[tuple[BrokerId, int, TopicPartition, LeaderEpoch], Offset] = {}
        self.violations: list[str] = []

    def look(self, broker: BrokerId, life: int, partition: Partition) -> None:
        """Note where it is; compare with where it was."""
        if not partition.is_leader:
            return
        key = (broker, life, partition.topic_partition, partition.leader_epoch)
        before = self._seen.get(key, 0)
        now = partition.high_watermark
        if now < before:
            self.violations.append(
                f"high watermark of {partition.topic_partition} on {broker}, epoch {partition.leader_epoch}, "
                f"went from {before} to {now}"
            )
        if now > partition.log.log_end_offset:
            self.violations.append(f"high watermark {now} of {partition.topic_partition} on {broker} is past its log")
        self._seen[key] = now
