"""Logs on their way to being served: opened, and recovered if need be, off the loop (D2, D3).

A log that does not exist yet is created in the call that asks for it: there is nothing to read. One that exists may
take long, after a kill a gigabyte is read again, so it is a job, and its broker's neighbours on the same loop serve on.
At most `num.recovery.threads.per.data.dir` are under way at a time; the others wait their turn.

    asked for --> waiting --> under way --> served
                     |            |
                     v            v  (no longer ours, or another topic's name by now)
                    gone      deleted, then asked for anew if somebody wants the name

What the metadata log says meanwhile is remembered, not acted on: when the job ends the newest word counts. Until every
log is open the broker asks to stay fenced, as Kafka's does, so nobody is sent to it.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from minikafka.log.replica_log import ReplicaLog
from minikafka.partition.partition import Partition
from minikafka.partition.state import PartitionState
from minikafka.types import Now, TopicPartition

if TYPE_CHECKING:
    from minikafka.broker.broker import Broker


class _Opening:
    """One log. wanted: what we are to be for it, None once it is no longer ours. topic_id: whose log is opened."""

    __slots__ = ("topic_id", "under_way", "wanted")

    def __init__(self, wanted: PartitionState) -> None:
        self.wanted: PartitionState | None = wanted
        self.topic_id = wanted.topic_id
        self.under_way = False


class Openings:
    """The logs of one broker that are not open yet."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker
        self._by_name: dict[TopicPartition, _Opening] = {}
        self._waiting: deque[TopicPartition] = deque()
        self._under_way = 0

    def __len__(self) -> int:
        return len(self._by_name)

    def open(self, name: TopicPartition, state: PartitionState, now: Now) -> Partition | None:
        """Our replica of `name`, if it can be had at once; else `ReplicaManager.opened` will be called with it."""
        opening = self._by_name.get(name)
        if opening is not None:
            opening.wanted = state
            return None
        storage = self._broker.storage
        if not storage.has_files(name):
            return storage.new_partition(name, storage.opener(name, state)(), now)
        self._by_name[name] = _Opening(state)
        self._waiting.append(name)
        self._start_next(now)
        return None

    def forget(self, name: TopicPartition, now: Now) -> None:
        """It is no longer ours: its files go, once nobody works on them."""
        opening = self._by_name.get(name)
        if opening is None:
            return
        opening.wanted = None
        if not opening.under_way:
            del self._by_name[name]
            self._waiting.remove(name)
            self._broker.storage.delete_files(name, opening.topic_id)

    def _start_next(self, now: Now) -> None:
        while self._waiting and self._under_way < self._broker.settings.num_recovery_threads_per_data_dir:
            name = self._waiting.popleft()
            opening = self._by_name[name]
            assert opening.wanted is not None, f"{name} waits to be opened for nobody"
            opening.topic_id = opening.wanted.topic_id
            opening.under_way = True
            self._under_way += 1
            self._broker.start_job(
                f"open {name}",
                self._broker.storage.opener(name, opening.wanted),
                lambda result, error, now, name=name: self._done(name, result, error, now),  # type: ignore[misc]
            )

    def _done(self, name: TopicPartition, result: object, error: str | None, now: Now) -> None:
        self._under_way -= 1
        opening = self._by_name.pop(name, None)
        if opening is None:
            # The directory went offline while the job ran, and with it all that was asked for.
            if isinstance(result, ReplicaLog):
                result.port.close()
            return
        if error is not None:
            self._broker.storage.disk_failed(f"cannot open {name}: {error}", now)
        elif isinstance(result, ReplicaLog):
            self._opened(name, opening, result, now)
        if self._broker.storage.is_offline:
            self._by_name.clear()
            self._waiting.clear()
            return
        self._start_next(now)
        if not self._by_name:
            self._broker.lifecycle.logs_opened(now)

    def _opened(self, name: TopicPartition, opening: _Opening, log: ReplicaLog, now: Now) -> None:
        storage, wanted = self._broker.storage, opening.wanted
        if storage.is_offline:
            log.port.close()
        elif wanted is not None and wanted.topic_id == opening.topic_id:
            self._broker.replicas.opened(storage.new_partition(name, log, now), wanted, now)
        else:
            log.port.close()
            storage.delete_files(name, opening.topic_id)
            if wanted is not None:
                partition = self.open(name, wanted, now)
                if partition is not None:
                    self._broker.replicas.opened(partition, wanted, now)
