"""An event loop that knows where a look at the sockets ends.

asyncio runs what `call_soon` was given only after another look at the sockets; at one turn per look (`driver.py`) that
is a system call too many for every request. This loop runs what `before_look` was given right before it looks again.
On any other loop the driver uses `call_soon`: the same turns, somewhat dearer.
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable


class TurnSelector(selectors.DefaultSelector):
    """Runs callbacks instead of looking, when there are any."""

    def __init__(self) -> None:
        super().__init__()
        self._callbacks: list[Callable[[], None]] = []

    def before_look(self, callback: Callable[[], None]) -> None:
        self._callbacks.append(callback)

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if not self._callbacks:
            return super().select(timeout)
        callbacks, self._callbacks = self._callbacks, []
        for callback in callbacks:
            callback()
        # They may have asked the loop for something, so how long to wait is to be worked out anew. If they want to be
        # called again, the sockets are looked at in between.
        return super().select(0) if self._callbacks else []


class TurnLoop(asyncio.SelectorEventLoop):
    """See the module."""

    def __init__(self) -> None:
        self._turns = TurnSelector()
        super().__init__(self._turns)

    def before_look(self, callback: Callable[[], None]) -> None:
        """Run `callback` once everything that is ready now was handled."""
        self._turns.before_look(callback)
