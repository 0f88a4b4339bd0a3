"""Durability as an event: fsyncs run on the Rust flusher's threads, completions come back through a descriptor."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, cast

from minikafka.effects import FlushCompleted, FlushFailed, RequestFlush
from minikafka.types import BrokerId, TopicPartition

if TYPE_CHECKING:
    from minikafka._core import Flusher, Log
    from minikafka.runtime.life import Life


class Flushing:
    """One flusher for all nodes of a loop, but those set apart. Created when the first flush is asked for."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._shared: Flusher | None = None
        self._own: dict[BrokerId, Flusher] = {}
        self._token = 0
        self._under_way: dict[int, tuple[Life, TopicPartition]] = {}

    def request(self, life: Life, effect: RequestFlush) -> None:
        flusher = self._own.get(life.node_id) or self._shared
        if flusher is None:
            flusher = self._shared = self._start()
        self._token += 1
        self._under_way[self._token] = (life, effect.partition)
        life.work.begin()
        # The node opened this log on the disk it was given, and that is one of ours.
        flusher.request(cast("Log", effect.log), self._token)

    def separate(self, node: BrokerId) -> None:
        """Let this node wait for its disk alone: it has threads of its own from now on."""
        if node not in self._own:
            self._own[node] = self._start()

    def _start(self) -> Flusher:
        from minikafka._core import Flusher

        flusher = Flusher()
        self._loop.add_reader(flusher.fileno(), self._completed, flusher)
        return flusher

    def _completed(self, flusher: Flusher) -> None:
        for token, recovery_point, why in flusher.completed():
            life, partition = self._under_way.pop(token)
            life.work.end()
            if why is None:
                life.deliver(FlushCompleted(partition, recovery_point))
            else:
                life.deliver(FlushFailed(partition, why))

    def close(self) -> None:
        """Finish what was asked, then stop the threads."""
        shared = [] if self._shared is None else [self._shared]
        for flusher in (*shared, *self._own.values()):
            self._loop.remove_reader(flusher.fileno())
            flusher.close()
        self._shared = None
        self._own.clear()
