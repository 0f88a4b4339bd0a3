"""Timers of one node, by key and by deadline."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable
from enum import Enum
from typing import Final

from minikafka.effects import TimerKey


class Firing(Enum):
    """Which timers fire when they are due. Less than ALL only while time is being stepped (`stepping.py`)."""

    NOTHING = "nothing"
    WHAT_SPEAKS = "what speaks"
    ALL = "all"


SLACK: Final = 256
"""Dead heap entries tolerated before the heap is rebuilt: most timers are cancelled long before they are due."""


class TimerHeap:
    """Setting a key again moves it; cancelling is lazy, so both cost O(log n)."""

    def __init__(self) -> None:
        self._live: dict[TimerKey, tuple[int, int]] = {}
        self._heap: list[tuple[int, int, TimerKey]] = []
        self._sequence = 0

    def set(self, key: TimerKey, deadline_ms: int) -> None:
        self._sequence += 1
        self._live[key] = (deadline_ms, self._sequence)
        heapq.heappush(self._heap, (deadline_ms, self._sequence, key))
        if len(self._heap) > 2 * len(self._live) + SLACK:
            self._heap = [(*when, key) for key, when in self._live.items()]
            heapq.heapify(self._heap)

    def cancel(self, key: TimerKey) -> None:
        self._live.pop(key, None)

    def earliest_ms(self) -> int | None:
        """The next deadline, or None when no timer is set."""
        heap = self._heap
        while heap:
            deadline, sequence, key = heap[0]
            if self._live.get(key) == (deadline, sequence):
                return deadline
            heapq.heappop(heap)
        return None

    def take_due(self, now_ms: int) -> list[TimerKey]:
        """Remove and return what is due, earliest first; equal deadlines in the order they were set."""
        # Nearly always nothing is; a dead entry on top hides no earlier deadline.
        if not self._heap or self._heap[0][0] > now_ms:
            return []
        due = []
        while (earliest := self.earliest_ms()) is not None and earliest <= now_ms:
            key = heapq.heappop(self._heap)[2]
            del self._live[key]
            due.append(key)
        return due

    # What a stepped clock looks at (`stepping.py`): every timer is gone through, which is for tests.

    def due(self, now_ms: int, wanted: Callable[[TimerKey], bool]) -> list[TimerKey]:
        """Which of the wanted ones are due, earliest first."""
        found = sorted((when, key) for key, when in self._live.items() if when[0] <= now_ms and wanted(key))
        return [key for _, key in found]

    def earliest_of(self, wanted: Callable[[TimerKey], bool]) -> int | None:
        """The next deadline of the wanted ones."""
        return min((when[0] for key, when in self._live.items() if wanted(key)), default=None)

    def postpone(self, keys: Iterable[TimerKey], by_ms: int) -> None:
        """Let these be due so much later, if they are set."""
        for key in keys:
            when = self._live.get(key)
            if when is not None:
                self.set(key, when[0] + by_ms)

    def __len__(self) -> int:
        return len(self._live)
