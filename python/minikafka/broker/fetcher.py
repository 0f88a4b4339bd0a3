"""How a follower follows: one fetch loop per leader it follows (R3, R11).

Every partition whose leader is broker L is fetched by one request after another to L, so a follower costs its leader
one connection, whatever the number of partitions; and within the session of the two (F10, `follower_session.py`) only
what changed is named, so partitions at rest cost nothing. The fetch offset is the acknowledgement (R1). In fsync mode
it may only claim what is on disk (ADR 0003), so the next fetch waits until everything the last one brought is flushed:
a fetch sent without the partitions still being flushed would park at the leader and keep them waiting behind it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from minikafka.broker.follower_session import SESSION_ERRORS, Ask, FollowerSession
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
        self._session = FollowerSession()
        # Those whose position may have changed since the leader was told of it.
        self._stirred: dict[TopicPartition, None] = {}
        self._backing_off: dict[TopicPartition, int] = {}
        """Left out of the next fetches until then (monotonic ms), each by itself: `replica.fetch.backoff.ms`."""
        self._under_way = False
        self._added = False

    def add(self, partition: Partition) -> None:
        """Follow `partition` from the next `run` on."""
        self._partitions[partition.topic_partition] = partition
        self._stirred[partition.topic_partition] = None
        self._added = True

    def stir(self, name: TopicPartition) -> None:
        """Where we are in `name` may have changed."""
        self._stirred[name] = None

    def order(self) -> list[TopicPartition]:
        return list(self._partitions)

    def remove(self, name: TopicPartition) -> None:
        self._partitions.pop(name, None)
        self._backing_off.pop(name, None)
        self._stirred.pop(name, None)
        self._session.forget(name)

    def run(self, now: Now) -> None:
        """Send the next fetch, unless one is under way or a partition is still being flushed."""
        if self._under_way:
            if self._added:
                # The fetch under way may be parked at the leader without the new ones: give it up and ask for all.
                self._broker.peers.close(self._leader, CHANNEL)
            return
        self._added = False
        if all(name in self._backing_off for name in self._partitions):
            return
        asks = self._asks()
        if asks is None:
            return
        self._stirred.clear()
        settings = self._broker.settings
        request = self._session.next_request(asks)
        request.replica_state = wire.ReplicaState(
            replica_id=self._broker.broker_id, replica_epoch=self._broker.broker_epoch
        )
        request.max_wait_ms = settings.replica_fetch_wait_max_ms
        request.min_bytes = settings.replica_fetch_min_bytes
        request.max_bytes = settings.replica_fetch_response_max_bytes
        self._under_way = True
        self._broker.peers.call(
            self._leader, request, VERSION, self._replied, self._lost, now, channel=CHANNEL
        )

    def _asks(self) -> dict[TopicPartition, Ask] | None:
        """What may have to be told: of every partition, or in a session of those that stirred. None while one of them
        is still being flushed."""
        max_bytes = self._broker.settings.replica_fetch_max_bytes
        asks = {}
        for name in self._stirred if self._session.is_open else self._partitions:
            if name in self._backing_off:
                continue
            partition = self._partitions[name]
            position = partition.fetch_position()
            if position is None:
                return None
            asks[name] = Ask(partition.topic_id, position, max_bytes)
        return asks

    def _replied(self, response: wire.FetchResponse, now: Now) -> None:
        self._under_way = False
        if not self._session.answered(response.error_code, response.session_id):
            if response.error_code in SESSION_ERRORS:
                self.run(now)
            else:
                self._back_off_all(now)
            return
        image = self._broker.image
        for topic in response.responses:
            name = image.topic_name(topic.topic_id)
            for data in topic.partitions:
                partition = (
                    None if name is None else self._partitions.get(TopicPartition(name, data.partition_index))
                )
                if partition is not None and partition.topic_id == topic.topic_id:
                    self._stirred[partition.topic_partition] = None
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
        self._session.forget(name)

        def known(at: Now) -> None:
            self._broker.replicas.changed(partition)
            if partition.log.log_end_offset == asked_at:
                self._back_off(name, at)
            elif self._backing_off.pop(name, None) is not None:
                self.run(at)

        ask_leader_offsets(self._broker, self._leader, partition, known, now)

    def _back_off(self, name: TopicPartition, now: Now) -> None:
        self._backing_off[name] = now.monotonic_ms + self._broker.settings.replica_fetch_backoff_ms
        self._session.forget(name)
        self._wake_at_the_first()

    def _wake_at_the_first(self) -> None:
        due_ms = min(self._backing_off.values(), default=NOT_YET)
        if due_ms != NOT_YET:
            self._broker.timers.set(("fetch-backoff", self._leader), due_ms, self._resume)

    def _lost(self, why: str, now: Now) -> None:
        self._under_way = False
        self._session.lost()
        if self._added:
            self.run(now)
        else:
            self._back_off_all(now)

    def _back_off_all(self, now: Now) -> None:
        for name in self._partitions:
            if self._backing_off.get(name) != NOT_YET:
                self._back_off(name, now)

    def _resume(self, now: Now) -> None:
        due = [name for name, due_ms in self._backing_off.items() if due_ms <= now.monotonic_ms]
        for name in due:
            del self._backing_off[name]
            self._stirred[name] = None
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

    def stir(self, name: TopicPartition) -> None:
        """Something moved in `name`: where we are in it, perhaps."""
        leader = self._leader_of.get(name)
        if leader is not None:
            self._by_leader[leader].stir(name)

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
