"""The coordinator runtime: every partition of one internal topic that this broker leads, and the way to each.

A request names an id (a group, a transactional id); the id's hash names the partition (T1, G1); whoever leads that
partition is its coordinator. Here the request meets one of four answers:

    the topic does not exist yet     COORDINATOR_NOT_AVAILABLE [15]
    another broker leads             NOT_COORDINATOR [16]
    we lead, still reading the log   COORDINATOR_LOAD_IN_PROGRESS [14]
    we lead                          the shard decides (led_partition.py)

Shape after Apache Kafka's coordinator-common (`CoordinatorRuntime`); a partition's life is in `led_partition.py`,
waiting for the high watermark in `parked.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Generic, TypeVar

from minikafka.coordinator.java_hash import partition_for
from minikafka.coordinator.led_partition import LedPartition, LoggedMarker, LoggedRecord, Timers
from minikafka.coordinator.parked import Reject
from minikafka.coordinator.shard import Result, Shard
from minikafka.coordinator.writer import PartitionWriter
from minikafka.errors import ErrorCode, Rejected
from minikafka.trace import NOBODY, Trace
from minikafka.types import CoordinatorEpoch, Now, Offset, ProducerEpoch, ProducerId

S = TypeVar("S", bound=Shard)
T = TypeVar("T")

__all__ = ["CoordinatorRuntime", "LoggedMarker", "LoggedRecord"]


class CoordinatorRuntime(Generic[S]):
    """All coordinator partitions of `topic` led here.

    partition_count: of the topic; 0 until it exists. Set by the node when the metadata image says so.
    """

    def __init__(
        self,
        topic: str,
        make_shard: Callable[[int], S],
        writer: PartitionWriter,
        timers: Timers,
        deadline_ms: int,
        trace: Trace = NOBODY,
    ) -> None:
        """`deadline_ms`: how long an answer may stay parked before it becomes [15] (`offsets.commit.timeout.ms`)."""
        self.topic = topic
        self.partition_count = 0
        self._make_shard = make_shard
        self._writer = writer
        self._timers = timers
        self._deadline_ms = deadline_ms
        self._trace = trace
        self._led: dict[int, LedPartition[S]] = {}

    def partition_for(self, key: str) -> int:
        """The partition that `key` belongs to. Raises Rejected [15] while the topic does not exist."""
        if self.partition_count == 0:
            raise Rejected(ErrorCode.COORDINATOR_NOT_AVAILABLE, f"{self.topic} does not exist yet")
        return partition_for(key, self.partition_count)

    def write(
        self,
        index: int,
        operation: Callable[[S, Now], Result[T]],
        answer: Callable[[T, Now], None],
        reject: Reject,
        now: Now,
    ) -> None:
        """Let the shard of `index` decide; answer once what it wrote, and all before, is committed.

        Exactly one of `answer` and `reject` is called, now or later; neither when the result's response is None.
        """
        partition = self._led.get(index)
        if partition is None:
            reject(_not_coordinator(self.topic, index), now)
        else:
            partition.write(operation, answer, reject, now)

    def read(
        self,
        index: int,
        operation: Callable[[S, Now], T],
        answer: Callable[[T, Now], None],
        reject: Reject,
        now: Now,
    ) -> None:
        """Look at the shard of `index` now; answer once everything written to it before is committed."""
        partition = self._led.get(index)
        if partition is None:
            reject(_not_coordinator(self.topic, index), now)
        else:
            partition.read(operation, answer, reject, now)

    def read_all(
        self,
        operation: Callable[[S, Now], T],
        answer: Callable[[list[T], Now], None],
        reject: Reject,
        now: Now,
    ) -> None:
        """Read every shard led here, by index (ListGroups, ListTransactions); one refusal refuses all."""
        gather = _Gather(sorted(self._led), answer, reject)
        if not gather.waiting:
            answer([], now)
        for index in sorted(self._led):
            self.read(index, operation, partial(gather.take, index), gather.refuse, now)

    # What the node tells: leadership, the log, the high watermark.

    def begin_load(self, index: int, coordinator_epoch: CoordinatorEpoch, now: Now) -> None:
        """Leadership of partition `index` is ours from leader epoch `coordinator_epoch` on."""
        self.unload(index, now)
        self._led[index] = LedPartition(
            self.topic,
            index,
            coordinator_epoch,
            self._make_shard(index),
            self._writer,
            self._timers,
            self._deadline_ms,
            self._trace,
        )

    def load(self, index: int, entries: Iterable[LoggedRecord | LoggedMarker]) -> None:
        """The next chunk of the partition's log, in offset order. Ignored once leadership is lost again."""
        partition = self._led.get(index)
        if partition is not None:
            partition.load(entries)

    def finish_load(self, index: int, now: Now) -> None:
        """The chunks reached the log end offset."""
        partition = self._led.get(index)
        if partition is not None:
            partition.finish_load(now)

    def unload(self, index: int, now: Now) -> None:
        """Leadership is lost (or renewed under another epoch): NOT_COORDINATOR [16] to everyone who waits."""
        partition = self._led.pop(index, None)
        if partition is not None:
            partition.unload(now)

    def replay_marker(
        self,
        index: int,
        offset: Offset,
        producer_id: ProducerId,
        producer_epoch: ProducerEpoch,
        committed: bool,
        now: Now,
    ) -> None:
        """An end-transaction marker was appended to partition `index`, here on its leader."""
        partition = self._led.get(index)
        if partition is not None:
            partition.replay_marker(LoggedMarker(offset, producer_id, producer_epoch, committed))
            partition.high_watermark_moved(self._writer.high_watermark(index), now)

    def on_high_watermark(self, index: int, high_watermark: Offset, now: Now) -> None:
        """The high watermark of partition `index` moved: answer, in log order, what it now covers."""
        partition = self._led.get(index)
        if partition is not None:
            partition.high_watermark_moved(high_watermark, now)

    # What others may look at.

    def coordinator_epoch(self, index: int) -> CoordinatorEpoch | None:
        """The leader epoch we lead `index` under; None when we do not."""
        partition = self._led.get(index)
        return None if partition is None else partition.coordinator_epoch

    def is_active(self, index: int) -> bool:
        """We lead `index` and have read its log."""
        partition = self._led.get(index)
        return partition is not None and not partition.is_loading

    def shard(self, index: int) -> S | None:
        """The shard of `index`, when we lead it and have read its log; never the source of an answer by itself."""
        partition = self._led.get(index)
        return None if partition is None or partition.is_loading else partition.shard

    def shards(self) -> list[tuple[int, S]]:
        """Every shard led here, by index, loaded or not: for `inspect`, never for answers to clients."""
        return [(index, self._led[index].shard) for index in sorted(self._led)]


class _Gather(Generic[T]):
    """The answers of several shards, told together."""

    def __init__(self, indexes: list[int], answer: Callable[[list[T], Now], None], reject: Reject) -> None:
        self.waiting = set(indexes)
        self._seen: dict[int, T] = {}
        self._answer = answer
        self._reject = reject
        self._is_refused = False

    def take(self, index: int, value: T, now: Now) -> None:
        self._seen[index] = value
        self.waiting.discard(index)
        if not self.waiting and not self._is_refused:
            self._answer([self._seen[each] for each in sorted(self._seen)], now)

    def refuse(self, refusal: Rejected, now: Now) -> None:
        if not self._is_refused:
            self._is_refused = True
            self._reject(refusal, now)


def _not_coordinator(topic: str, index: int) -> Rejected:
    return Rejected(ErrorCode.NOT_COORDINATOR, f"this broker does not lead {topic}-{index}")
