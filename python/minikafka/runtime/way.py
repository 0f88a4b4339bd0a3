"""One direction of a connection across a link that is slow: what is sent later arrives later."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from minikafka.runtime.driver import Driver


class Way:
    """What is under way, in order; a delay that becomes shorter lets nothing overtake."""

    __slots__ = ("_driver", "_due_ms", "size_bytes", "under_way")

    def __init__(self, driver: Driver) -> None:
        self._driver = driver
        self._due_ms = 0
        self.under_way = 0
        """How many things."""
        self.size_bytes = 0
        """How much of them."""

    def send(self, delay_ms: int, size_bytes: int, arrive: Callable[[], None]) -> None:
        """Run `arrive` once `delay_ms` of broker time have passed, and all that was sent before has arrived."""

        def arrived() -> None:
            self.under_way -= 1
            self.size_bytes -= size_bytes
            arrive()

        self.under_way += 1
        self.size_bytes += size_bytes
        self._due_ms = max(self._due_ms, self._driver.read_time().monotonic_ms + delay_ms)
        self._driver.at(self._due_ms, arrived)
