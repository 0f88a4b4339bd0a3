"""Every replica this broker holds, and the one place that hears when one of them moved.

The metadata image says what we are; `apply` turns the difference between two images into become-leader,
become-follower, open and delete. Whatever moves a partition's offsets afterwards calls `changed`; once per turn
`settle` compares each changed partition with what was last seen and wakes those who wait for just that (F4, R7),
tells coordinators, proposes ISR changes (R8, R9) and asks for flushes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from minikafka.broker import storage_telling
from minikafka.broker.openings import Openings
from minikafka.broker.purgatory import Bound, Mark
from minikafka.controller.image import MetadataImage
from minikafka.effects import RequestFlush
from minikafka.errors import ErrorCode, Rejected
from minikafka.partition.partition import Partition, Progress
from minikafka.partition.state import PartitionState
from minikafka.types import Now, TopicPartition

if TYPE_CHECKING:
    from minikafka.broker.broker import Broker


class ReplicaManager:
    """Partitions by name."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker
        self._partitions: dict[TopicPartition, Partition] = {}
        self.openings = Openings(broker)
        # By object: late news of a deleted replica must not stand in for that of its successor, same name.
        self._changed: dict[Partition, None] = {}
        self._seen: dict[TopicPartition, Progress] = {}
        self._flushing: set[TopicPartition] = set()
        self._truncations: dict[TopicPartition, int] = {}

    def get(self, name: TopicPartition) -> Partition | None:
        """Our replica of `name`, if we hold one."""
        return self._partitions.get(name)

    def leader(self, name: TopicPartition) -> Partition:
        """Our replica of `name`, which leads. Raises Rejected [3] when there is no such partition, [6] when another
        broker leads it, [56] when its log is offline."""
        partition = self._partitions.get(name)
        if partition is None or not partition.is_leader:
            if self._broker.image.partition(name) is None:
                raise Rejected(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, f"there is no partition {name}")
            if self._broker.storage.is_offline and self._is_ours(name):
                raise Rejected(ErrorCode.KAFKA_STORAGE_ERROR, f"the log of {name} is offline")
            raise Rejected(
                ErrorCode.NOT_LEADER_OR_FOLLOWER, f"broker {self._broker.broker_id} does not lead {name}"
            )
        return partition

    def serving(self, name: TopicPartition) -> Partition:
        """Our replica of `name`, leader or follower (F11). Raises Rejected as `leader` does."""
        partition = self._partitions.get(name)
        return partition if partition is not None and partition.is_follower else self.leader(name)

    def _is_ours(self, name: TopicPartition) -> bool:
        state = self._broker.image.partition(name)
        return state is not None and self._broker.broker_id in state.replicas

    def all(self) -> list[Partition]:
        """Every replica here, by name."""
        return [self._partitions[name] for name in sorted(self._partitions)]

    # What the image says.

    def apply(self, old: MetadataImage, new: MetadataImage, now: Now) -> None:
        """Become what `new` says, where it differs from `old`."""
        for name, topic in old.topics.items():
            known = new.topics.get(name)
            if known is None or known.topic_id != topic.topic_id:
                for index in topic.partitions:
                    self._delete(TopicPartition(name, index), now)
        for name, topic in new.topics.items():
            if old.topics.get(name) is topic:
                continue
            for index, state in topic.partitions.items():
                partition = TopicPartition(name, index)
                if self._broker.broker_id in state.replicas:
                    self._assign(partition, state, now)
                elif partition in self._partitions:
                    self._delete(partition, now)
        self._broker.fetchers.run(now)

    def reconfigure(self) -> None:
        """Topic or broker settings changed."""
        for name, partition in self._partitions.items():
            partition.configure(self._broker.topic_settings(name.topic))

    def _assign(self, name: TopicPartition, state: PartitionState, now: Now) -> None:
        if self._broker.storage.is_offline:
            return
        partition = self._partitions.get(name)
        if partition is None:
            partition = self.openings.open(name, state, now)
        if partition is not None:
            self._become(partition, state, now)

    def opened(self, partition: Partition, state: PartitionState, now: Now) -> None:
        """Its log is open now: become what the metadata log says. Nothing is fetched before `Fetchers.run`."""
        self._become(partition, state, now)

    def _become(self, partition: Partition, state: PartitionState, now: Now) -> None:
        name = partition.topic_partition
        self._partitions[name] = partition
        led_epoch = partition.leader_epoch if partition.is_leader else None
        if state.leader == self._broker.broker_id:
            self._broker.fetchers.forget(name)
            partition.become_leader(state, self._broker.image, now)
            if partition.is_leader and led_epoch != partition.leader_epoch:
                self._broker.coordinators.leading(partition, now)
        else:
            self._follow(partition, state, led_epoch, now)
        self._wake(name, Bound.LEADERSHIP, now)
        self.changed(partition)

    def _follow(self, partition: Partition, state: PartitionState, led_epoch: int | None, now: Now) -> None:
        was_following = partition.leader_epoch if partition.is_follower else None
        partition.become_follower(state, now)
        if led_epoch is not None:
            self._broker.coordinators.resigned(partition, now)
        if state.leader < 0:
            self._broker.fetchers.forget(partition.topic_partition)
        elif was_following != partition.leader_epoch:
            self._broker.fetchers.follow(partition, state.leader)

    def _delete(self, name: TopicPartition, now: Now) -> None:
        partition = self._partitions.pop(name, None)
        if partition is None:
            self.openings.forget(name, now)
            return
        self._broker.fetchers.forget(name)
        if partition.is_leader:
            self._broker.coordinators.resigned(partition, now)
        partition.close()
        if not self._broker.storage.is_offline:
            self._broker.storage.delete_files(name, partition.topic_id)
        self._changed.pop(partition, None)
        self._seen.pop(name, None)
        self._flushing.discard(name)
        self._truncations.pop(name, None)
        self._broker.fetch_sessions.stir(name)
        self._wake(name, Bound.LEADERSHIP, now)

    # What moved.

    def changed(self, partition: Partition) -> None:
        """Something may have moved in `partition`; looked at when the turn ends."""
        self._changed[partition] = None
        self._broker.fetch_sessions.stir(partition.topic_partition)
        self._broker.fetchers.stir(partition.topic_partition)

    def settle(self, now: Now) -> bool:
        """Tell everyone what moved. True when anything was looked at (and may have moved more)."""
        if not self._changed:
            return False
        changed, self._changed = self._changed, {}
        for partition in changed:
            name = partition.topic_partition
            if self._partitions.get(name) is partition:
                self._compare(name, partition, now)
        self._broker.isr_changes.send(now)
        return True

    def _compare(self, name: TopicPartition, partition: Partition, now: Now) -> None:
        if partition.offline is not None:
            self._broker.storage.disk_failed(partition.offline, now)
            return
        self._lower_checkpoint(name, partition)
        progress = partition.progress()
        seen = self._seen.get(name)
        self._seen[name] = progress
        if seen is None or progress.log_end_offset != seen.log_end_offset:
            self._wake(name, Bound.LOG_END_OFFSET, now)
        if seen is None or progress.high_watermark != seen.high_watermark:
            self._wake(name, Bound.HIGH_WATERMARK, now)
            self._broker.coordinators.high_watermark_moved(partition, now)
        if seen is None or progress.last_stable_offset != seen.last_stable_offset:
            self._wake(name, Bound.LAST_STABLE_OFFSET, now)
            self._tell_held_back(name, progress)
        if seen is None or partition.take_start_moved() or progress.log_start_offset != seen.log_start_offset:
            self._wake(name, Bound.LOG_START_OFFSET, now)
        if partition.is_leader:
            proposal = partition.propose_isr(self._broker.image, now)
            if proposal is not None:
                self._broker.isr_changes.propose(partition, proposal)
        if partition.wants_flush and name not in self._flushing:
            self._flushing.add(name)
            self._broker.outbox.put(RequestFlush(name, partition.log.port))

    def _tell_held_back(self, name: TopicPartition, progress: Progress) -> None:
        if not self._broker.trace.on or progress.last_stable_offset == progress.high_watermark:
            return
        self._broker.trace.event(
            "last_stable_offset",
            "T10",
            name,
            offset=progress.last_stable_offset,
            high_watermark=progress.high_watermark,
            why="a transaction that began there is open, or its marker is not replicated yet",
        )

    def _lower_checkpoint(self, name: TopicPartition, partition: Partition) -> None:
        """D2: the log was cut. Before anything is appended again, or recovery would trust what is rewritten below the
        old recovery point."""
        if partition.log.truncations != self._truncations.get(name, 0):
            self._truncations[name] = partition.log.truncations
            self._broker.storage.write(self._broker.storage.checkpoint_files(recovery_points=True))
            if self._broker.trace.on:
                storage_telling.checkpoint_lowered(self._broker.trace, name, partition.log.recovery_point)

    def _wake(self, name: TopicPartition, bound: Bound, now: Now) -> None:
        mark = Mark(name, bound)
        self._broker.produce_purgatory.moved(mark, now)
        self._broker.fetch_purgatory.moved(mark, now)
        self._broker.fetch_sessions.moved(mark, now)

    # The disk answers.

    def flushed(self, name: TopicPartition, now: Now) -> None:
        """FlushCompleted: in fsync mode this is what moves high watermarks and lets followers go on."""
        self._flushing.discard(name)
        partition = self._partitions.get(name)
        if partition is None:
            return
        partition.flush_completed(partition.log.recovery_point, now)
        if self._broker.trace.on:
            storage_telling.flushed(self._broker.trace, name, partition.log.recovery_point)
        self._wake(name, Bound.RECOVERY_POINT, now)
        self._broker.fetchers.flushed(name, now)
        self.changed(partition)

    def flush_failed(self, name: TopicPartition, why: str, now: Now) -> None:
        """A failed fsync is never retried (style rule 9): this replica is offline, its log refuses everything."""
        self._flushing.discard(name)
        partition = self._partitions.get(name)
        # A log closed when its topic was deleted cannot be flushed either; its successor's has not failed.
        if partition is not None and partition.log.failed:
            self._broker.storage.disk_failed(why, now)

    def directory_failed(self, why: str, now: Now) -> None:
        """D7: nobody coordinates on these replicas, follows with them, or waits for them any more."""
        for name, partition in self._partitions.items():
            partition.go_offline(why)
            self._broker.fetchers.forget(name)
        for name, partition in self._partitions.items():
            self._broker.coordinators.resigned(partition, now)
            self._broker.fetch_sessions.stir(name)
            self._wake(name, Bound.LEADERSHIP, now)

    # Time passes.

    def check_isr(self, now: Now) -> None:
        """R8: every half of `replica.lag.time.max.ms`, leaders look for members that fell behind."""
        settings = self._broker.settings
        self._broker.timers.set(
            ("isr", "check"), now.monotonic_ms + max(1, settings.replica_lag_time_max_ms // 2), self.check_isr
        )
        for partition in self._partitions.values():
            if partition.is_leader:
                self._changed[partition] = None  # looked at like what moved, but no reader has news by it

    def expire_producers(self, now: Now) -> None:
        """I10: forget producers that were idle for long."""
        settings = self._broker.settings
        interval_ms = settings.producer_id_expiration_check_interval_ms
        self._broker.timers.set(
            ("producers", "expire"), now.monotonic_ms + interval_ms, self.expire_producers
        )
        for partition in self._partitions.values():
            partition.expire_producers(now, settings.producer_id_expiration_ms)
