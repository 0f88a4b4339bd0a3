"""Requests that wait for offsets to move: Kafka's purgatory.

A waiter names the *marks* it is bound by: this partition's log end offset, high watermark, last stable offset, or its
role. It costs nothing until one of them moves; then it is asked once whether it is done (F4, R7). Its deadline is kept
in one heap with one timer, because almost every waiter is done long before.
"""

from __future__ import annotations

import heapq
from collections.abc import Collection
from enum import IntEnum
from typing import Final, NamedTuple, Protocol

from minikafka.broker.timers import Timers
from minikafka.types import Now, TopicPartition

SWEEP_AT_LEAST: Final = 4096
"""Parked requests and the marks they watch, done ones included, before the done ones are swept out."""


class Bound(IntEnum):
    """What a waiter waits to see move."""

    LOG_END_OFFSET = 0
    HIGH_WATERMARK = 1
    LAST_STABLE_OFFSET = 2
    LEADERSHIP = 3
    """Leader, leader epoch or existence of the partition: every waiter watches this too."""
    LOG_START_OFFSET = 4
    """The leader's own, or what a follower told of its."""
    RECOVERY_POINT = 5


class Mark(NamedTuple):
    """One thing that moves."""

    partition: TopicPartition
    bound: Bound


class Waiter(Protocol):
    """A parked request."""

    done: bool
    """Set by the waiter when it answered; a done waiter is never asked again."""

    def moved(self, mark: Mark, now: Now) -> None:
        """One of its marks moved: answer if that suffices, and set `done`."""

    def expired(self, now: Now) -> None:
        """Its deadline passed: answer with what there is."""


class Purgatory:
    """Waiters by mark and by deadline."""

    def __init__(self, name: str, timers: Timers) -> None:
        self._name = name
        self._timers = timers
        self._by_mark: dict[Mark, list[Waiter]] = {}
        self._deadlines: list[tuple[int, int, Waiter]] = []
        self._armed_ms: int | None = None
        self._sequence = 0
        self._watched = 0
        self._sweep_at = SWEEP_AT_LEAST

    def park(self, waiter: Waiter, marks: Collection[Mark], deadline_ms: int) -> None:
        """Keep `waiter` until it is done or waiting time (`Now.waiting_ms`) reaches `deadline_ms`."""
        for mark in marks:
            self._by_mark.setdefault(mark, []).append(waiter)
        self._sequence += 1
        heapq.heappush(self._deadlines, (deadline_ms, self._sequence, waiter))
        self._watched += 1 + len(marks)
        if self._watched > self._sweep_at:
            self._sweep()
        if self._armed_ms is None or deadline_ms < self._armed_ms:
            self._arm()

    def moved(self, mark: Mark, now: Now) -> None:
        """Ask everyone bound by `mark`; forget those who are done."""
        waiters = self._by_mark.pop(mark, None)
        if waiters is None:
            return
        waiting = []
        for waiter in waiters:
            if not waiter.done:
                waiter.moved(mark, now)
                if not waiter.done:
                    waiting.append(waiter)
        if waiting:
            # Someone may have parked on this mark while the others were answered.
            self._by_mark[mark] = waiting + self._by_mark.get(mark, [])

    def waiting(self) -> list[Waiter]:
        """Everyone parked, oldest deadline first (for `inspect` and for tests)."""
        return [
            waiter for _, _, waiter in sorted(self._deadlines, key=lambda entry: entry[:2]) if not waiter.done
        ]

    def parked(self) -> list[tuple[int, list[Mark]]]:
        """Deadline and marks of everyone parked, oldest deadline first (for `inspect`)."""
        marks: dict[int, list[Mark]] = {}
        for mark, waiters in self._by_mark.items():
            for waiter in waiters:
                marks.setdefault(id(waiter), []).append(mark)
        entries = sorted(self._deadlines, key=lambda entry: entry[:2])
        return [
            (deadline_ms, sorted(marks.get(id(waiter), ())))
            for deadline_ms, _, waiter in entries
            if not waiter.done
        ]

    def _expire(self, now: Now) -> None:
        self._armed_ms = None
        while self._deadlines and (self._deadlines[0][2].done or self._deadlines[0][0] <= now.waiting_ms):
            waiter = heapq.heappop(self._deadlines)[2]
            if not waiter.done:
                waiter.expired(now)
                waiter.done = True
        self._sweep()
        self._arm()

    def _sweep(self) -> None:
        """Forget done waiters everywhere; twice as many must gather before the next sweep."""
        self._deadlines = [entry for entry in self._deadlines if not entry[2].done]
        heapq.heapify(self._deadlines)
        self._watched = len(self._deadlines)
        for mark, waiters in list(self._by_mark.items()):
            waiting = [waiter for waiter in waiters if not waiter.done]
            if waiting:
                self._by_mark[mark] = waiting
                self._watched += len(waiting)
            else:
                del self._by_mark[mark]
        self._sweep_at = max(SWEEP_AT_LEAST, 2 * self._watched)

    def _arm(self) -> None:
        if self._deadlines:
            self._armed_ms = self._deadlines[0][0]
            self._timers.set(("purgatory", self._name), self._armed_ms, self._expire)
