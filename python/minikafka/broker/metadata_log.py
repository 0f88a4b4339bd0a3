"""The controller's log: `__cluster_metadata`, one replica, on disk before anything is told of it.

Every append asks for a flush; appends made while one is under way share the next (group commit). The high
watermark is what has been flushed: answers wait for it, and brokers can fetch no further. So whatever a broker
has ever heard of the cluster survives the controller's power cut.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from minikafka._core import build_batch, read_records
from minikafka.broker.outbox import Outbox
from minikafka.config import CLUSTER_METADATA
from minikafka.coordinator.runtime import LoggedRecord
from minikafka.coordinator.shard import CoordinatorRecord
from minikafka.effects import RequestFlush
from minikafka.log.port import Disk, Log, LogConfig
from minikafka.types import Now, Offset, ProducerEpoch, ProducerId, TopicPartition

PARTITION: Final = TopicPartition(CLUSTER_METADATA, 0)
LEADER_EPOCH: Final = 1
"""There is one voter, so there is one leader epoch."""
LOAD_BYTES: Final = 1 << 20
"""Read at a time when the log is loaded."""


class Written(NamedTuple):
    """Where a batch went; both ends inclusive."""

    base_offset: Offset
    last_offset: Offset


class MetadataLog:
    """See the module. A `PartitionWriter` (coordinator/writer.py) with one partition."""

    def __init__(self, disk: Disk, directory: str, outbox: Outbox) -> None:
        """Open, or create, the log below `directory`; a torn tail is cut off (D2). It was never told to
        anybody.
        """
        self._outbox = outbox
        self._flushing = False
        self._high_watermark: Offset = 0
        disk.make_directory(directory)
        self._log: Log = disk.open_log(
            f"{directory}/{PARTITION}", config=LogConfig(), recovery_point=0, log_start_offset=0, clean=False
        )

    @property
    def end_offset(self) -> Offset:
        return self._log.log_end_offset

    def load(self) -> Iterator[list[LoggedRecord]]:
        """Every record, oldest first, in chunks."""
        offset = self._log.log_start_offset
        while offset < self._log.log_end_offset:
            chunk = self._read(offset, LOAD_BYTES, self._log.log_end_offset)
            records = [record for record in read_records(chunk) if record.offset >= offset]
            yield [LoggedRecord(each.offset, CoordinatorRecord(b"", each.value)) for each in records]
            offset = records[-1].offset + 1

    def append(
        self,
        index: int,
        records: list[CoordinatorRecord],
        producer_id: ProducerId,
        producer_epoch: ProducerEpoch,
        now: Now,
    ) -> Written:
        """One batch, all or nothing; flushed soon."""
        batch = build_batch([(now.wall_ms, None, record.value, ()) for record in records])
        last_offset = self._log.log_end_offset + len(records) - 1
        if self._log.should_roll(size_bytes=len(batch), max_timestamp=now.wall_ms, last_offset=last_offset):
            self._log.roll()
        header = self._log.append_as_leader(batch, leader_epoch=LEADER_EPOCH)
        self.flush()
        return Written(header.base_offset, header.last_offset)

    def high_watermark(self, index: int = 0) -> Offset:
        """First offset not yet on disk (exclusive)."""
        return self._high_watermark

    def read(self, offset: Offset, max_bytes: int) -> bytes:
        """Whole batches from `offset` on, below the high watermark, at least one if there is any."""
        return self._read(offset, max_bytes, self._high_watermark)

    def _read(self, offset: Offset, max_bytes: int, upper_bound: Offset) -> bytes:
        found = self._log.read(offset, max_bytes=max_bytes, upper_bound=upper_bound, at_least_one_batch=True)
        return found.data

    def flush(self) -> None:
        """Have everything appended so far put on disk, unless that is under way or done."""
        if not self._flushing and self._high_watermark < self._log.log_end_offset:
            self._flushing = True
            self._outbox.put(RequestFlush(PARTITION, self._log))

    def flushed(self, recovery_point: Offset) -> None:
        """FlushCompleted."""
        self._flushing = False
        self._high_watermark = max(self._high_watermark, recovery_point)
        self.flush()

    def close_cleanly(self) -> None:
        """The last flush, and the files let go. Blocks."""
        self._log.flush()
        self._log.close()
