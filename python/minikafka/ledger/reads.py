"""What consumers were handed of one partition, 36 bytes for each read.

A read_committed consumer is told with every answer which producers' transactions in it were aborted. Few of those lists
differ, so a row has the number of one.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Generic, NamedTuple, TypeVar

from minikafka.history import Event
from minikafka.ledger.event_facts import number, numbers
from minikafka.ledger.overlaps import Overlaps
from minikafka.ledger.packed import Packed
from minikafka.types import Offset, ProducerId

T = TypeVar("T")


class Read(NamedTuple):
    """One answer. seq: of its event. next_offset: exclusive. aborted: what the consumer was told of."""

    seq: int
    offset: Offset
    next_offset: Offset
    client_id: str | None
    aborted: tuple[ProducerId, ...]


class Reads:
    """In the order they were told."""

    def __init__(self) -> None:
        self._clients: _Few[str | None] = _Few()
        self._aborted: _Few[tuple[ProducerId, ...]] = _Few()
        self._rows: Packed[Read] = Packed("qqqIQ", self._made)
        self._overlaps: Overlaps | None = None

    def add(self, event: Event) -> None:
        """A `fetch` event."""
        client = event.get("client_id")
        self._overlaps = None
        self._rows.add(
            event.seq,
            number(event, "offset"),
            number(event, "next_offset"),
            self._clients.number_of(client if isinstance(client, str) else None),
            self._aborted.number_of(tuple(numbers(event, "aborted"))),
        )

    def _made(self, row: tuple[int, ...]) -> Read:
        seq, offset, next_offset, client, aborted = row
        return Read(seq, offset, next_offset, self._clients.values[client], self._aborted.values[aborted])

    def of(self, first: Offset, last: Offset) -> Iterator[Read]:
        """Those that were handed some of these offsets, `last` inclusive."""
        if self._overlaps is None:
            self._overlaps = Overlaps((row.offset, row.next_offset - 1) for row in self._rows)
        return (self._rows[index] for index in self._overlaps.of(first, last))


class _Few(Generic[T]):
    """Values of which there are few different ones."""

    def __init__(self) -> None:
        self.values: list[T] = []
        self._numbers: dict[T, int] = {}

    def number_of(self, value: T) -> int:
        found = self._numbers.get(value)
        if found is None:
            found = self._numbers[value] = len(self.values)
            self.values.append(value)
        return found
