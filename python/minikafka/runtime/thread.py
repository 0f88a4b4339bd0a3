"""An event loop in a daemon thread, for brokers embedded in somebody else's process."""

from __future__ import annotations

import asyncio
import concurrent.futures
import sys
import threading
from collections.abc import Callable, Coroutine
from typing import Final, TypeVar

from minikafka.runtime.loop import TurnLoop

T = TypeVar("T")

SWITCH_INTERVAL_S: Final = 0.0005
"""How long another thread may keep the interpreter from the brokers. CPython's default is 5 ms, which a busy test
would make every round trip wait."""


class LoopThread:
    """Runs from construction to `close`."""

    def __init__(self) -> None:
        self.loop = TurnLoop()
        self._thread = threading.Thread(target=self._run, name="minikafka", daemon=True)
        self._thread.start()
        SWITCHING.hurry()

    def submit(self, work: Coroutine[None, None, T]) -> concurrent.futures.Future[T]:
        """Run a coroutine on the loop."""
        return asyncio.run_coroutine_threadsafe(work, self.loop)

    def run(self, work: Coroutine[None, None, T]) -> T:
        """Run a coroutine on the loop and wait for it. An interrupt (Ctrl-C) cancels it."""
        assert threading.current_thread() is not self._thread, (
            "a watcher may not wait for the loop it runs on"
        )
        future = self.submit(work)
        try:
            return future.result()
        except BaseException:
            future.cancel()
            raise

    def look(self, at: Callable[[], T]) -> T:
        """Call `at` on the loop, between turns, and return what it saw."""

        async def looking() -> T:
            return at()

        return self.run(looking())

    def close(self) -> None:
        """Stop the loop and end the thread."""
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join()
        SWITCHING.relax()

    def _run(self) -> None:
        asyncio.set_event_loop(self.loop)
        try:
            self.loop.run_forever()
            pending = asyncio.all_tasks(self.loop)
            for task in pending:
                task.cancel()
            self.loop.run_until_complete(asyncio.gather(*pending, return_exceptions=True))
            self.loop.run_until_complete(asyncio.sleep(0))
            self.loop.run_until_complete(self.loop.shutdown_default_executor())
        finally:
            self.loop.close()


class _SwitchInterval:
    """Shortened while any cluster lives, then put back as it was found."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._users = 0
        self._before = 0.0

    def hurry(self) -> None:
        with self._lock:
            if self._users == 0:
                self._before = sys.getswitchinterval()
                sys.setswitchinterval(min(SWITCH_INTERVAL_S, self._before))
            self._users += 1

    def relax(self) -> None:
        with self._lock:
            self._users -= 1
            if self._users == 0:
                sys.setswitchinterval(self._before)


SWITCHING: Final = _SwitchInterval()
