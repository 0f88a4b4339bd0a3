"""Logs on their way to being served: opened, and recovered if need be, off the loop (D2, D3).

A log that does not exist yet is created in the call that asks for it: there is nothing to read. One that exists may
take long, after a kill a gigabyte is read again, so it is a job, and its broker's neighbours on the same loop serve on.
At most `num.recovery.threads.per.data.dir` jobs are under way at a time, each with its share of the logs that wait:
most logs are small, and a job costs more than opening one.

    asked for --> waiting --> under way --> open --> served, together with all the others
                     |            |           |
                     v            v           v  (no longer ours, or another topic's name by now)
                    gone         deleted, then asked for anew if somebody wants the name

What the metadata log says meanwhile is remembered, not acted on: when all are open the newest word counts. Until then
the broker asks to stay fenced, as Kafka's does, so nobody is sent to it. None is served before the others are, as in
Kafka: a follower's fetch that waits at its leader is given up and sent again for each replica that joins it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Final, NamedTuple

from minikafka.log.replica_log import ReplicaLog
from minikafka.partition.partition import Partition
from minikafka.partition.state import PartitionState
from minikafka.types import Now, TopicPartition

if TYPE_CHECKING:
    from minikafka.broker.broker import Broker


MOST_AT_ONCE: Final = 8
"""Logs that one job opens. More would leave the other job with nothing to do while this one reads large ones."""


class _Opening:
    """One log. wanted: what we are to be for it, None once it is no longer ours. topic_id: whose log is opened. log:
    None until it is open."""

    __slots__ = ("log", "topic_id", "under_way", "wanted")

    def __init__(self, wanted: PartitionState) -> None:
        self.wanted: PartitionState | None = wanted
        self.topic_id = wanted.topic_id
        self.under_way = False
        self.log: ReplicaLog | None = None


class _Opened(NamedTuple):
    """What a job brings: the logs it opened, in the order asked; and why there are not all of them."""

    logs: list[ReplicaLog]
    error: OSError | None


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
        threads = self._broker.settings.num_recovery_threads_per_data_dir
        while self._waiting and self._under_way < threads:
            share = min(MOST_AT_ONCE, -(-len(self._waiting) // threads))
            names = [self._waiting.popleft() for _ in range(share)]
            self._under_way += 1
            self._broker.start_job(
                f"open {names[0]}" + (f" and {share - 1} more" if share > 1 else ""),
                partial(_open, [self._opener(name) for name in names]),
                partial(self._done, names),
            )

    def _opener(self, name: TopicPartition) -> Callable[[], ReplicaLog]:
        opening = self._by_name[name]
        assert opening.wanted is not None, f"{name} waits to be opened for nobody"
        opening.topic_id = opening.wanted.topic_id
        opening.under_way = True
        return self._broker.storage.opener(name, opening.wanted)

    def _done(self, names: Sequence[TopicPartition], result: object, error: str | None, now: Now) -> None:
        assert isinstance(result, _Opened), f"{names} were not opened: {error}"
        self._under_way -= 1
        storage = self._broker.storage
        if storage.is_offline:
            # It went offline while the job ran, and with it all that was asked for.
            for log in result.logs:
                log.port.close()
            self._give_up()
            return
        for name, log in zip(names, result.logs, strict=False):
            self._by_name[name].log = log
        if result.error is not None:
            failed = names[len(result.logs)]
            why = f"cannot open {failed}: {type(result.error).__name__}: {result.error}"
            storage.disk_failed(why, now)
            self._give_up()
            return
        self._start_next(now)
        if not self._under_way:
            self._serve(now)

    def _give_up(self) -> None:
        given_up, self._by_name = self._by_name, {}
        self._waiting.clear()
        for opening in given_up.values():
            if opening.log is not None:
                opening.log.port.close()

    def _serve(self, now: Now) -> None:
        """All are open."""
        served, self._by_name = self._by_name, {}
        for name, opening in served.items():
            assert opening.log is not None, f"{name} is to be served, and is not open"
            self._opened(name, opening, opening.log, now)
        self._broker.fetchers.run(now)
        if not self._by_name and not self._broker.storage.is_offline:
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


def _open(openers: Sequence[Callable[[], ReplicaLog]]) -> _Opened:
    """The job: one after another, up to the first that cannot be opened."""
    logs: list[ReplicaLog] = []
    for opener in openers:
        try:
            logs.append(opener())
        except OSError as error:
            return _Opened(logs, error)
    return _Opened(logs, None)
