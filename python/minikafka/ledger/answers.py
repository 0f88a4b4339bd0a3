"""Which append an answer is about.

    append  n=4            the leader wrote it
    ack     n=7 cause=4    it decided to say so
    left    acks=(7,)      the kernel took the answer

A retry that the broker recognised is told of the first copy: there the cause is the `sequence` event that said so.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right

from minikafka.history import Event
from minikafka.ledger.event_facts import numbers
from minikafka.types import BrokerId


class Answers:
    """Follows each answer back to the number that its append was given."""

    def __init__(self) -> None:
        self._appended: dict[BrokerId, _Numbered] = {}
        self._acked: dict[BrokerId, _Numbered] = {}

    def about(self, event: Event, append: int) -> None:
        """Whatever has this event for its cause is about that append."""
        self._appended.setdefault(event.broker, _Numbered()).add(event.n, append)

    def acked(self, ack: Event) -> int | None:
        """Which append it acknowledges; None: one that nobody told of."""
        appended = self._appended.get(ack.broker)
        append = None if appended is None or ack.cause is None else appended.find(ack.cause)
        if append is not None:
            self._acked.setdefault(ack.broker, _Numbered()).add(ack.n, append)
        return append

    def left(self, left: Event) -> list[int]:
        """The appends of the answers that left."""
        acked = self._acked.get(left.broker)
        found = [] if acked is None else [acked.find(n) for n in numbers(left, "acks")]
        return [append for append in found if append is not None]


class _Numbered:
    """A number for each of some events of one broker, by the event's `n`: 16 bytes each.

    `n` rises with every event of a broker, so that they lie in order. Should it ever begin anew, the newest event of an
    `n` counts.
    """

    def __init__(self) -> None:
        self._runs: list[tuple[array[int], array[int]]] = []

    def add(self, n: int, value: int) -> None:
        if not self._runs or n < self._runs[-1][0][-1]:
            self._runs.append((array("q"), array("q")))
        ns, values = self._runs[-1]
        ns.append(n)
        values.append(value)

    def find(self, n: int) -> int | None:
        for ns, values in reversed(self._runs):
            index = bisect_right(ns, n) - 1
            if index >= 0 and ns[index] == n:
                return values[index]
        return None
