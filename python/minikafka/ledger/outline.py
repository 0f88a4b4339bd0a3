"""One partition in outline: each append by a leader, in numbers, without the events that told of it."""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from typing import Final, NamedTuple

from minikafka.history import Event
from minikafka.ledger.event_facts import number
from minikafka.ledger.packed import Packed
from minikafka.ledger.reads import Reads
from minikafka.types import NO_PRODUCER_ID, LeaderEpoch, Offset, ProducerEpoch, ProducerId, TopicPartition

LAYOUT: Final = "qqqiqqhi?"
NOBODY: Final = -1
"""Who a batch was acknowledged to, before it was."""
NAMELESS: Final = -2


class Row(NamedTuple):
    """One append. seq: of its event. last_offset: inclusive."""

    seq: int
    base_offset: Offset
    last_offset: Offset
    leader_epoch: LeaderEpoch
    crc: int
    producer_id: ProducerId
    producer_epoch: ProducerEpoch
    first_sequence: int
    transactional: bool

    @property
    def records(self) -> int:
        return self.last_offset - self.base_offset + 1


class Outline:
    """Rows, in the order they were told, and beside them what became known of each later."""

    def __init__(self, name: TopicPartition) -> None:
        self.name = name
        self.rows: Packed[Row] = Packed(LAYOUT, Row._make)
        self.was_left = bytearray()
        """1 for a row whose answer left: a producer may have heard that it is there."""
        self.refusals = array("q")
        """`seq` of each produce that was refused, or answered with an error."""
        self.reads = Reads()
        """What consumers were handed."""
        self._clients: list[str] = []
        self._acked_to = array("i")
        self._starts = array("q")
        self._rises = True
        self._order: array[int] | None = None

    @property
    def acknowledged(self) -> int:
        """Records whose acknowledgement left the broker."""
        return sum(row.records for row, left in zip(self.rows, self.was_left, strict=True) if left)

    def append(self, event: Event) -> int:
        """Returns the index of its row."""
        start = number(event, "base_offset")
        self._rises = self._rises and (not self._starts or self._starts[-1] < start)
        self._order = None
        self._starts.append(start)
        self._acked_to.append(NOBODY)
        self.was_left.append(0)
        self.rows.add(
            event.seq,
            start,
            number(event, "last_offset"),
            number(event, "leader_epoch"),
            number(event, "crc"),
            number(event, "producer_id", NO_PRODUCER_ID),
            number(event, "producer_epoch"),
            number(event, "first_sequence"),
            bool(event.get("transactional")),
        )
        return len(self._starts) - 1

    def acked(self, index: int, client_id: object) -> None:
        """Its leader decided to say so. Who was told first counts."""
        if self._acked_to[index] == NOBODY:
            self._acked_to[index] = self._client(client_id) if isinstance(client_id, str) else NAMELESS

    def _client(self, name: str) -> int:
        if name not in self._clients:
            self._clients.append(name)
        return self._clients.index(name)

    def client_of(self, index: int) -> str | None:
        """Who was told first; None: nobody, or one without a name."""
        client = self._acked_to[index]
        return None if client < 0 else self._clients[client]

    def newest_at(self, start: Offset) -> int | None:
        """The row that was last appended at this offset."""
        found = self._at(start)
        return found[-1] if found else None

    def told_of(
        self, start: Offset, leader_epoch: LeaderEpoch, crc: int, *, transactional: bool = False
    ) -> int | None:
        """The row of the batch that is in a log at this offset; None: nobody told of it."""
        for index in reversed(self._at(start)):
            row = self.rows[index]
            if (row.leader_epoch, row.crc) == (leader_epoch, crc) and row.transactional >= transactional:
                return index
        return None

    def _at(self, start: Offset) -> Sequence[int]:
        """Every row that begins there. They lie in the order of offsets, but for what was cut off and written again."""
        if self._rises:
            index = bisect_left(self._starts, start)
            return range(index, index + (index < len(self._starts) and self._starts[index] == start))
        if self._order is None:
            self._order = array("i", sorted(range(len(self._starts)), key=self._starts.__getitem__))
        order, key = self._order, self._starts.__getitem__
        return order[bisect_left(order, start, key=key) : bisect_right(order, start, key=key)]
