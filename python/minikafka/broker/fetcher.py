"""How a follower follows: one fetch loop per leader it follows (R3, R11).

Every partition whose leader is broker L is fetched by one request after another to L, so a follower costs its leader
one connection, whatever the number of partitions. The fetch offset is the acknowledgement (R1). In fsync mode it may
only claim what is on disk (ADR 0003), so the next fetch waits until everything the last one brought is flushed:
a fetch sent without the partitions still being flushed would park at the leader and keep them waiting behind it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from minikafka.broker.leader_offsets import ask_leader_offsets
from minikafka.errors import ErrorCode
from minikafka.partition.partition import Partition
from minikafka.types import BrokerId, Now, TopicPartition
from minikafka.wire.messages import fetch as wire

if TYPE_CHECKING:
    from minikafka.broker.broker import Broker

VERSION: Final = 17
CHANNEL: Final = "fetch"
NOT_YET: Final = 1 << 62
"""Until an answer comes."""


class Fetcher:
    """The loop for one leader. Runs while it has partitions."""

    def __init__(self, broker: Broker, leader: BrokerId) -> None:
        self._broker = broker
        self._leader = leader
        self._partitions: dict[TopicPartition, Partition] = {}
        self._backing_off: dict[TopicPartition, int] = {}
        """Left out of the next fetches until then (monotonic ms), each by itself: `replica.fetch.backoff.ms`."""
        self._under_way = False
        self._added = False

    def add(self, partition: Partition) -> None:
        """Follow `partition` from the next `run` on."""
        self._partitions[partition.topic_partition] = partition
        self._added = True

    def order(self) -> list[TopicPartition]:
        return list(self._partitions)

    def remove(self, name: TopicPartition) -> None:
        self._partitions.pop(name, None)
        self._backing_off.pop(name, None)

    def run(self, now: Now) -> None:
        """Send the next fetch, unless one is under way or a partition is still being flushed."""
        if self._under_way:
            if self._added:
                # The fetch under way may be parked at the leader without the new ones: give it up and ask for all.
                self._broker.peers.close(self._leader, CHANNEL)
            return
        self._added = False
        settings = self._broker.settings
        topics: dict[bytes, wire.FetchTopic] = {}
        for name, partition in self._partitions.items():
            if name in self._backing_off:
                continue
            position = partition.fetch_position()
            if position is None:
                return
            topic = topics.get(partition.topic_id)
            if topic is None:
                topic = topics[partition.topic_id] = wire.FetchTopic(topic_id=partition.topic_id, partitions=[])
            topic.partitions.append(
                wire.FetchPartition(
                    partition=name.partition,
                    current_leader_epoch=position.leader_epoch,
                    fetch_offset=position.offset,
                    last_fetched_epoch=position.last_fetched_epoch,
                    log_start_offset=position.log_start_offset,
                    partition_max_bytes=settings.replica_fetch_max_bytes,
                )
            )
        if not topics:
            return
        request = wire.FetchRequest(
            replica_state=wire.ReplicaState(
                replica_id=self._broker.broker_id, replica_epoch=self._broker.broker_epoch
            ),
            max_wait_ms=settings.replica_fetch_wait_max_ms,
            min_bytes=settings.replica_fetch_min_bytes,
            max_bytes=settings.replica_fetch_response_max_bytes,
            topics=list(topics.values()),
        )
        self._under_way = True
        self._broker.peers.call(self._leader, request, VERSION, self._replied, self._lost, now, channel=CHANNEL)

    def _replied(self, response: wire.FetchResponse, now: Now) -> None:
        self._under_way = False
        image = self._broker.image
        for topic in response.responses:
            name = image.topic_name(topic.topic_id)
            for data in topic.partitions:
                partition = None if name is None else self._partitions.get(TopicPartition(name, data.partition_index))
                if partition is not None and partition.topic_id == topic.topic_id:
                    self._apply(partition, data, now)
        self.run(now)

    def _apply(self, partition: Partition, data: wire.PartitionData, now: Now) -> None:
        if data.error_code == ErrorCode.NONE:
            diverging = data.diverging_epoch
            moved = partition.fetched(
                data.records if data.records is not None else b"",
                data.high_watermark,
                data.log_start_offset,
                (diverging.epoch, diverging.end_offset) if diverging.epoch >= 0 else None,
                now,
            )
            if moved:
                self._broker.replicas.changed(partition)
            if data.records:
                self._ask_last(partition)
        elif data.error_code == ErrorCode.OFFSET_OUT_OF_RANGE:
            self._ask_leader_offsets(partition, now)
        else:
            # Not leader, fenced or unknown epoch, unknown topic: the metadata log will tell; ask again a little later.
            self._back_off(partition.topic_partition, now)

    def _ask_last(self, partition: Partition) -> None:
        """What was served goes to the end of the next request: otherwise a few busy partitions could fill every answer
        and the ones behind them would never be in sync."""
        name = partition.topic_partition
        if self._partitions.pop(name, None) is not None:
            self._partitions[name] = partition

    def _ask_leader_offsets(self, partition: Partition, now: Now) -> None:
        """R11, out of range: the leader's log ends before ours, or starts after it. Its own offsets decide."""
        name, asked_at = partition.topic_partition, partition.log.log_end_offset
        self._backing_off[name] = NOT_YET

        def known(at: Now) -> None:
            self._broker.replicas.changed(partition)
            if partition.log.log_end_offset == asked_at:
                self._back_off(name, at)
            elif self._backing_off.pop(name, None) is not None:
                self.run(at)

        ask_leader_offsets(self._broker, self._leader, partition, known, now)

    def _back_off(self, name: TopicPartition, now: Now) -> None:
        self._backing_off[name] = now.monotonic_ms + self._broker.settings.replica_fetch_backoff_ms
        self._wake_at_the_first()

    def _wake_at_the_first(self) -> None:
        due_ms = min(self._backing_off.values(), default=NOT_YET)
        if due_ms != NOT_YET:
            self._broker.timers.set(("fetch-backoff", self._leader), due_ms, self._resume)

    def _lost(self, why: str, now: Now) -> None:
        self._under_way = False
        if self._added:
            self.run(now)
            return
        for name in self._partitions:
            if self._backing_off.get(name) != NOT_YET:
                self._back_off(name, now)

    def _resume(self, now: Now) -> None:
        self._backing_off = {
            name: due_ms for name, due_ms in self._backing_off.items() if due_ms > now.monotonic_ms
        }
        self._wake_at_the_first()
        self.run(now)


class Fetchers:
    """All followed leaders."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker
        self._by_leader: dict[BrokerId, Fetcher] = {}
        self._leader_of: dict[TopicPartition, BrokerId] = {}

    def follow(self, partition: Partition, leader: BrokerId) -> None:
        """Fetch `partition` from `leader` from now on, and from nobody else."""
        name = partition.topic_partition
        self.forget(name)
        self._leader_of[name] = leader
        fetcher = self._by_leader.get(leader)
        if fetcher is None:
            fetcher = self._by_leader[leader] = Fetcher(self._broker, leader)
        fetcher.add(partition)

    def order(self, leader: BrokerId) -> list[TopicPartition]:
        """What is followed from `leader`, in the order of the next request."""
        fetcher = self._by_leader.get(leader)
        return [] if fetcher is None else fetcher.order()

    def forget(self, name: TopicPartition) -> None:
        leader = self._leader_of.pop(name, None)
        if leader is not None:
            self._by_leader[leader].remove(name)

    def flushed(self, name: TopicPartition, now: Now) -> None:
        """`name` reached the disk: its fetcher may have waited for it."""
        leader = self._leader_of.get(name)
        if leader is not None:
            self._by_leader[leader].run(now)

    def run(self, now: Now) -> None:
        """Let every loop that can go on do so."""
        for fetcher in self._by_leader.values():
            fetcher.run(now)
