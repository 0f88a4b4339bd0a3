"""Waiting for a batch that no produce request asked for, such as a transaction marker (T8)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from minikafka.broker.produce_call import marks_of
from minikafka.broker.purgatory import Mark
from minikafka.errors import ErrorCode
from minikafka.partition.acks import ALL
from minikafka.partition.partition import Partition
from minikafka.types import Now, Offset

if TYPE_CHECKING:
    from minikafka.broker.broker import Broker


class ReplicationWait:
    """One batch and who wants to know. A purgatory waiter."""

    __slots__ = ("_broker", "_last_offset", "_leader_epoch", "_on_done", "_partition", "done")

    def __init__(
        self,
        broker: Broker,
        partition: Partition,
        last_offset: Offset,
        on_done: Callable[[ErrorCode, Now], None],
    ) -> None:
        self._broker = broker
        self._partition = partition
        self._last_offset = last_offset
        self._leader_epoch = partition.leader_epoch
        self._on_done = on_done
        self.done = False

    def begin(self, deadline_ms: int, now: Now) -> None:
        """Done already, or parked."""
        if not self._try(now):
            self._broker.produce_purgatory.park(self, marks_of(self._partition.topic_partition), deadline_ms)

    def moved(self, mark: Mark, now: Now) -> None:
        """The high watermark, the recovery point or the leadership moved."""
        self._try(now)

    def expired(self, now: Now) -> None:
        """Not replicated in time."""
        self._finish(ErrorCode.REQUEST_TIMED_OUT, now)

    def _try(self, now: Now) -> bool:
        code = self._partition.acks_state(self._last_offset, self._leader_epoch, ALL)
        if code is not None:
            self._finish(code, now)
        return self.done

    def _finish(self, code: ErrorCode, now: Now) -> None:
        self.done = True
        self._on_done(code, now)
