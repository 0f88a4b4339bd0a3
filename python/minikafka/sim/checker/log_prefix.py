"""A log that comes back is a prefix of what it was, and holds at least what was flushed (D2, D4).

Whatever a power cut leaves of the files, recovery makes of it the same batches, byte for byte, up to some end; and that
end is not below the recovery point, which is the one promise a disk makes. After a kill nothing at all is missing (D1).

A truncation is not flushed either: power lost soon after brings back the tail that was cut off, and the leader's epochs
cut it off again. So of a log that was cut since the last power cut, only what was flushed is held against it.
"""

from __future__ import annotations

from typing import NamedTuple

from minikafka.partition.partition import Partition
from minikafka.sim.checker.replicas_agree import content
from minikafka.types import BrokerId, Offset, TopicId, TopicPartition


class _Before(NamedTuple):
    topic_id: TopicId
    log_start_offset: Offset
    log_end_offset: Offset
    recovery_point: Offset
    data: bytes
    lost_power: bool
    was_cut: bool


class LogPrefixes:
    """`died` just before a host goes, `returned` when it has opened its log again, `grown` in between."""

    def __init__(self) -> None:
        self._before: dict[tuple[BrokerId, TopicPartition], _Before] = {}
        self._ends: dict[tuple[BrokerId, TopicPartition], Offset] = {}
        self._cut: set[tuple[BrokerId, TopicPartition]] = set()
        self.violations: list[str] = []

    def grown(self, broker: BrokerId, partition: Partition) -> None:
        """Note where it ends after a turn: further down than after the one before, it was cut."""
        key = (broker, partition.topic_partition)
        end = partition.log.log_end_offset
        if end < self._ends.get(key, 0):
            self._cut.add(key)
        self._ends[key] = end

    def died(self, broker: BrokerId, partition: Partition, *, lost_power: bool) -> None:
        """Note what it has."""
        log = partition.log
        key = (broker, partition.topic_partition)
        self._before.pop(key, None)
        if partition.offline is None and not log.failed:
            data = content(partition, log.log_start_offset, log.log_end_offset)
            self._before[key] = _Before(
                log.topic_id,
                log.log_start_offset,
                log.log_end_offset,
                log.recovery_point,
                data,
                lost_power,
                key in self._cut,
            )

    def lost_power_while_down(self, broker: BrokerId) -> None:
        """What a killed process left in the page cache is gone as well."""
        for key, before in list(self._before.items()):
            if key[0] == broker:
                self._before[key] = before._replace(lost_power=True)

    def moved_away(self, broker: BrokerId, name: TopicPartition) -> None:
        """It is no replica any more: its log is deleted, and when it becomes one again it begins with nothing (R17)."""
        self._before.pop((broker, name), None)

    def returned(self, broker: BrokerId, partition: Partition) -> None:
        """Compare; once in each life, before anything is appended."""
        key = (broker, partition.topic_partition)
        before = self._before.pop(key, None)
        self._ends.pop(key, None)
        if before is not None and before.lost_power:
            # What a power cut left is on the disk. After a mere death a cut may still be undone by the next one.
            self._cut.discard(key)
        if before is None or partition.topic_id != before.topic_id:
            return
        log = partition.log
        end = log.log_end_offset
        least = before.recovery_point if before.lost_power else before.log_end_offset
        where = f"recovery: {partition.topic_partition} on {broker}"
        may_have_more = before.lost_power and before.was_cut
        if end < least or (end > before.log_end_offset and not may_have_more):
            self.violations.append(
                f"{where} ends at {end}; it ended at {before.log_end_offset}, safe was {least}"
            )
            return
        start = max(log.log_start_offset, before.log_start_offset)
        if may_have_more:
            end = least
        if content(partition, start, end) not in before.data:
            self.violations.append(f"{where} holds other bytes between {start} and {end} than before")
