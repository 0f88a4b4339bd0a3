"""The event loop as nodes see it: turns.

A turn is everything that one look at the sockets brought. All of it is handed over together, node by node, then the
timers that are due, and last what the nodes sent is written, once per connection. So a burst costs one pass, and ready
sockets always come before timers: a broker that was starved reads its heartbeats before it looks at its clock
(ADR 0010).
"""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Final

from minikafka.effects import ConnectionId
from minikafka.history import History
from minikafka.runtime.clock import BrokerClock
from minikafka.runtime.flushing import Flushing
from minikafka.runtime.links import Links
from minikafka.runtime.loop import TurnLoop
from minikafka.runtime.timers import Firing
from minikafka.types import Now

if TYPE_CHECKING:
    from minikafka.runtime.connection import Connection
    from minikafka.runtime.life import Life

JOB_THREADS: Final = 4
"""More than one broker's recoveries take (`num.recovery.threads.per.data.dir`), so that those of another are not behind
them."""
SETTLING_TURNS: Final = 8
"""Passes of the loop in which a connection just accepted, or just closed, lets go of its socket."""


class Driver:
    """Runs any number of lives on one asyncio loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop, clock: BrokerClock | None = None) -> None:
        self.loop = loop
        self.clock = clock or BrokerClock()
        self.links = Links()
        self.history = History()
        self.flushing = Flushing(loop)
        self.lives: list[Life] = []
        self.watchers: list[Callable[[], None]] = []
        """Called after each turn in which a node ran; a watcher looks at nodes and changes nothing."""
        self.turn_watchers: list[Callable[[], None]] = []
        """Called after every turn."""
        self.turns = 0
        """Turns in which a node ran."""
        self.leaving: set[Connection] = set()
        """Connections of ended lives that still have bytes to send."""
        self._once_all_is_read: Callable[[Callable[[], None]], object] = (
            loop.before_look if isinstance(loop, TurnLoop) else loop.call_soon
        )
        self._writing: list[Connection] = []
        self._turn_open = False
        self.firing = Firing.ALL
        """Which timers fire when they are due."""
        self._wake: asyncio.TimerHandle | None = None
        self._wake_s: float | None = None
        self._earliest_ms: int | None = None
        self._arrivals: list[tuple[int, int, Callable[[], None]]] = []
        self._arrivals_so_far = 0
        self._connections = 0
        self._workers: ThreadPoolExecutor | None = None

    @property
    def now(self) -> Now:
        """Broker time of this turn."""
        return self.clock.now

    # Turns.

    def open_turn(self) -> None:
        """Something is ready: the turn ends when everything else that is ready has been read."""
        if not self._turn_open:
            self._turn_open = True
            self._once_all_is_read(self._close_turn)

    def read_time(self) -> Now:
        """Let broker time move on to now, within the limits of `BrokerClock`."""
        return self.clock.turn(self._earliest_ms)

    def will_write(self, connection: Connection) -> None:
        """`connection` has something to write at the end of this turn."""
        self._writing.append(connection)
        self.open_turn()

    def next_connection_id(self) -> ConnectionId:
        self._connections += 1
        return self._connections

    def _close_turn(self) -> None:
        try:
            self._run_turn()
        except Exception as error:  # noqa: BLE001 - a node's failure ends its life; this is the loop's to report
            self._turn_open = False
            self.open_turn()
            self.loop.call_exception_handler({"message": "a turn failed", "exception": error})

    def _run_turn(self) -> None:
        now = self.read_time()
        firing = self.firing
        ran = False
        while self._arrivals and self._arrivals[0][0] <= now.monotonic_ms:
            heapq.heappop(self._arrivals)[2]()
        for life in tuple(self.lives):
            if life.has_work(now, firing):
                life.run_turn(firing)
                ran = True
        writing, self._writing = self._writing, []
        for connection in writing:
            connection.write_out()
        self._turn_open = False
        if ran:
            self.turns += 1
            self.look_around()
        self.look_at_timers()
        if self.has_work:
            self.open_turn()
        for watcher in tuple(self.turn_watchers):
            watcher()

    @property
    def has_work(self) -> bool:
        """Something is to be done in a turn that could be now."""
        if self._writing or self._turn_open:
            return True
        return any(life.has_work(self.now, self.firing) for life in self.lives)

    def look_around(self) -> None:
        """Let whoever watches look at the nodes."""
        for watcher in tuple(self.watchers):
            watcher()

    # Time.

    def look_at_timers(self) -> None:
        """Lives or their timers changed: wake up for the next one. A wake-up that comes early is harmless, so it is
        only ever moved forward."""
        if self.firing is Firing.NOTHING:
            return  # whatever is due now is to wait: waking up for it would never end
        earliest = self.next_arrival_ms
        wait: int | None = None
        for life in self.lives:
            at = life.alarms.earliest_ms
            if at is not None and (earliest is None or at < earliest):
                earliest = at
            at = life.alarms.earliest_wait_ms
            if at is not None and (wait is None or at < wait):
                wait = at
        self._earliest_ms = earliest
        if wait is not None:
            wait_ms = wait - self.now.stood_still_ms
            self._earliest_ms = wait_ms if earliest is None else min(earliest, wait_ms)
        wake_s = None if earliest is None else self.clock.machine_seconds(earliest)
        if wait is not None:
            wait_s = self.clock.machine_seconds_of_wait(wait)
            wake_s = wait_s if wake_s is None else min(wake_s, wait_s)
        if wake_s is None or (self._wake_s is not None and self._wake_s <= wake_s):
            return
        self.forget_wake_up()
        self._wake_s = wake_s
        self._wake = self.loop.call_at(wake_s, self._woken)

    def forget_wake_up(self) -> None:
        """The clock was taken in hand, or let go: when to wake up is to be worked out anew."""
        if self._wake is not None:
            self._wake.cancel()
        self._wake = self._wake_s = None

    @property
    def next_arrival_ms(self) -> int | None:
        """Broker time at which the next bytes arrive that are under way on a slow link."""
        return self._arrivals[0][0] if self._arrivals else None

    def at(self, due_ms: int, arrive: Callable[[], None]) -> None:
        """Run `arrive` in the first turn at or after broker time `due_ms`; what is due together, in the order asked."""
        self._arrivals_so_far += 1
        heapq.heappush(self._arrivals, (due_ms, self._arrivals_so_far, arrive))
        self.look_at_timers()

    def _woken(self) -> None:
        self._wake = self._wake_s = None
        self.open_turn()

    # Jobs.

    def run_job(self, work: Callable[[], object], done: Callable[[Future[object]], None]) -> None:
        """Run `work` on a worker thread; `done` runs back on the loop."""
        if self._workers is None:
            self._workers = ThreadPoolExecutor(JOB_THREADS, thread_name_prefix="minikafka-job")
        future = self._workers.submit(work)
        future.add_done_callback(lambda ended: self._from_thread(done, ended))

    def _from_thread(self, done: Callable[[Future[object]], None], ended: Future[object]) -> None:
        if not self.loop.is_closed():
            self.loop.call_soon_threadsafe(done, ended)

    async def close(self) -> None:
        """End every life, then the threads. The loop stays the caller's; nothing of ours is left in it."""
        for life in tuple(self.lives):
            life.end()
        for connection in tuple(self.leaving):
            connection.drop()
        self.forget_wake_up()
        if self._workers is not None:
            self._workers.shutdown(wait=True)
        self.flushing.close()
        # A transport closes its socket in a later turn of the loop.
        for _ in range(SETTLING_TURNS):
            await asyncio.sleep(0)
