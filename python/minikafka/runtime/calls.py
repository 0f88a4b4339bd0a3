"""Functions of a test that run at an event, while the node that told it stands still."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeAlias

from minikafka.faults.book import Armed
from minikafka.history import Event

AtEvent: TypeAlias = Callable[[Event], object]


class Calls:
    """By rule. Each runs on a thread of its own, so it may use every handle, and wait."""

    def __init__(self, loop: asyncio.AbstractEventLoop, on_return: Callable[[], None]) -> None:
        """`on_return`: one has returned, and its node goes on."""
        self._loop = loop
        self._on_return = on_return
        self._functions: dict[int, AtEvent] = {}
        self._running: set[asyncio.Task[None]] = set()

    def keep(self, armed: Armed, function: AtEvent) -> None:
        """Until `forget`."""
        self._functions[armed.number] = function

    def forget(self, armed: Armed) -> None:
        self._functions.pop(armed.number, None)

    def run(self, armed: Armed, event: Event, go_on: Callable[[], None]) -> None:
        """Call the function of this rule, whose `calling` counts it already; `go_on` runs on the loop once it returned.
        What it raised is kept."""
        function = self._functions.get(armed.number)
        if function is None:
            armed.calling -= 1
            go_on()
            return

        async def running() -> None:
            try:
                await asyncio.to_thread(function, event)
            except BaseException as error:  # noqa: BLE001 - whose test it is will see it
                armed.error = error
            finally:
                armed.calling -= 1
                go_on()
                self._on_return()

        task = self._loop.create_task(running())
        self._running.add(task)
        task.add_done_callback(self._running.discard)
