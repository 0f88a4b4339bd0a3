"""Which coordinators live here: leading a partition of an internal topic *is* being a coordinator (T1, G1).

Becoming leader loads: the partition's log is replayed into a fresh shard, and until then answers are [14]. Losing
leadership drops the shard. The high watermark passing a record releases the answers parked on it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

from minikafka.coordinator.runtime import CoordinatorRuntime, LoggedMarker, LoggedRecord
from minikafka.coordinator.shard import CoordinatorRecord
from minikafka.errors import ErrorCode, Rejected
from minikafka.log import batch as batches
from minikafka.partition.acks import ALL
from minikafka.partition.partition import Appended, Origin, Partition
from minikafka.types import Now, Offset, ProducerEpoch, ProducerId, TopicPartition

if TYPE_CHECKING:
    from minikafka.broker.broker import Broker

OFFSETS_TOPIC: Final = "__consumer_offsets"
TRANSACTIONS_TOPIC: Final = "__transaction_state"
LOAD_CHUNK_BYTES: Final = 5 << 20
"""Kafka: `offsets.load.buffer.size`."""


class InternalTopicWriter:
    """Appends of one coordinator runtime, to the partitions of its topic led here."""

    def __init__(self, broker: Broker, topic: str) -> None:
        self._broker = broker
        self._topic = topic

    def append(
        self,
        index: int,
        records: list[CoordinatorRecord],
        producer_id: ProducerId,
        producer_epoch: ProducerEpoch,
        now: Now,
    ) -> Appended:
        """One batch, as acks=all would. Raises Rejected when the partition is not led here or under min ISR."""
        partition = self._broker.replicas.leader(TopicPartition(self._topic, index))
        data = batches.build_batch(
            [(now.wall_ms, record.key, record.value, ()) for record in records],
            producer_id=producer_id,
            producer_epoch=producer_epoch,
            transactional=producer_id >= 0,
        )
        appended = partition.append(data, acks=ALL, now=now, origin=Origin.COORDINATOR)
        self._broker.replicas.changed(partition)
        return appended

    def high_watermark(self, index: int) -> Offset:
        """Of the partition led here; 0 when it is not."""
        partition = self._broker.replicas.get(TopicPartition(self._topic, index))
        return 0 if partition is None else partition.progress().high_watermark


class Coordinators:
    """The runtimes of this broker, by internal topic."""

    def __init__(self, broker: Broker, runtimes: dict[str, CoordinatorRuntime[Any]]) -> None:
        self._broker = broker
        self._runtimes = runtimes

    def image_changed(self) -> None:
        """How many partitions the internal topics have, once they exist."""
        for topic, runtime in self._runtimes.items():
            known = self._broker.image.topics.get(topic)
            runtime.partition_count = 0 if known is None else len(known.partitions)

    def leading(self, partition: Partition, now: Now) -> None:
        """Leadership gained, or renewed under a new epoch: load."""
        name = partition.topic_partition
        runtime = self._runtimes.get(name.topic)
        if runtime is None:
            return
        runtime.begin_load(name.partition, partition.leader_epoch, now)
        for entries in logged(partition):
            runtime.load(name.partition, entries)
        runtime.finish_load(name.partition, now)

    def resigned(self, partition: Partition, now: Now) -> None:
        """Leadership lost."""
        name = partition.topic_partition
        runtime = self._runtimes.get(name.topic)
        if runtime is not None:
            runtime.unload(name.partition, now)

    def high_watermark_moved(self, partition: Partition, now: Now) -> None:
        name = partition.topic_partition
        runtime = self._runtimes.get(name.topic)
        if runtime is not None and partition.is_leader:
            runtime.on_high_watermark(name.partition, partition.progress().high_watermark, now)

    def marker_written(
        self,
        name: TopicPartition,
        offset: Offset,
        producer_id: ProducerId,
        producer_epoch: ProducerEpoch,
        committed: bool,
        now: Now,
    ) -> None:
        """An end-transaction marker was appended to `name`, which we lead: pending offsets become visible (T12)."""
        runtime = self._runtimes.get(name.topic)
        if runtime is not None:
            runtime.replay_marker(name.partition, offset, producer_id, producer_epoch, committed, now)


def logged(partition: Partition) -> Iterator[list[LoggedRecord | LoggedMarker]]:
    """Everything in the partition's log, in chunks, as coordinators replay it."""
    log = partition.log.port
    offset = log.log_start_offset
    while offset < log.log_end_offset:
        chunk = log.read(
            offset, max_bytes=LOAD_CHUNK_BYTES, upper_bound=log.log_end_offset, at_least_one_batch=True
        )
        if chunk.next_offset <= offset:
            raise Rejected(
                ErrorCode.KAFKA_STORAGE_ERROR, f"{partition.topic_partition} cannot be read at {offset}"
            )
        entries: list[LoggedRecord | LoggedMarker] = []
        for header, data in batches.split(chunk.data):
            if header.is_control:
                if header.control_type in (0, 1):
                    entries.append(
                        LoggedMarker(
                            header.last_offset,
                            header.producer_id,
                            header.producer_epoch,
                            header.control_type == 1,
                        )
                    )
                continue
            producer_id = header.producer_id if header.is_transactional else -1
            entries += [
                LoggedRecord(
                    record.offset,
                    CoordinatorRecord(record.key, record.value),
                    producer_id,
                    header.producer_epoch,
                )
                for record in batches.read_records(data)
                if record.key is not None
            ]
        yield entries
        offset = chunk.next_offset
