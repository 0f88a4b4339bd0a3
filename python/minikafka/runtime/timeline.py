"""The clock of one driver, in somebody's hands. Satisfies `control.time.Timeline`; each child process has one too."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from minikafka.broker.broker import Broker
from minikafka.effects import TimerKey
from minikafka.runtime.control.time import LineEnd, Stand
from minikafka.runtime.links import CLIENTS
from minikafka.runtime.timers import Firing
from minikafka.types import Now

if TYPE_CHECKING:
    from minikafka.runtime.connection import Connection
    from minikafka.runtime.driver import Driver
    from minikafka.runtime.life import Life

IDLE_TURNS: Final = 64
"""Turns after which a loop is taken to be done with what a step caused: clients may keep it busy for ever."""
IDLE_TIMEOUT_S: Final = 2.0
"""For an fsync, a job, or a connection being made."""
NO_PEER: Final = -1


class DriverTimeline:
    """See the module."""

    def __init__(self, driver: Driver) -> None:
        self._driver = driver

    async def freeze(self) -> None:
        self._driver.read_time()
        self._driver.clock.freeze()
        self._look_anew()

    async def resume(self) -> None:
        self._driver.firing = Firing.ALL
        self._driver.clock.resume()
        self._look_anew()

    def _look_anew(self) -> None:
        self._driver.forget_wake_up()
        self._driver.look_at_timers()
        self._driver.open_turn()

    async def step(self, by_ms: int, *, keep_members: bool) -> None:
        driver = self._driver
        driver.clock.step(by_ms)
        driver.firing = Firing.NOTHING
        for life in driver.lives:
            if keep_members and not life.is_paused:
                life.alarms.postpone(_kept(life), by_ms)

    async def speak(self) -> None:
        self._driver.firing = Firing.WHAT_SPEAKS
        self._driver.open_turn()

    async def judge(self) -> None:
        self._driver.firing = Firing.ALL
        self._driver.open_turn()

    async def stand(self, *, keep_members: bool) -> Stand:
        # One look at the sockets, for what others sent meanwhile.
        await asyncio.sleep(0)
        await self._idle()
        driver = self._driver
        now_ms = driver.now.monotonic_ms
        dues = [driver.next_arrival_ms]
        running = [life for life in driver.lives if not life.is_paused]
        dues += [
            life.alarms.next_exact_ms(frozenset(_kept(life)) if keep_members else ()) for life in running
        ]
        next_exact_ms = min((due for due in dues if due is not None), default=None)
        return Stand(
            None if next_exact_ms is None else max(0, next_exact_ms - now_ms),
            [life.node_id for life in running],
            [end for life in running for end in _ends(life)],
        )

    async def now(self) -> Now:
        return self._driver.read_time()

    async def _idle(self) -> None:
        """Nothing to do: no event, no due timer, no fsync or job under way that somebody waits for."""
        driver = self._driver
        done = driver.loop.create_future()
        last_turn = driver.turns + IDLE_TURNS

        def look() -> None:
            is_at_work = driver.has_work or any(life.work.is_awaited for life in driver.lives)
            if not done.done() and (not is_at_work or driver.turns >= last_turn):
                done.set_result(None)

        driver.turn_watchers.append(look)
        try:
            look()
            await asyncio.wait_for(done, IDLE_TIMEOUT_S)
        except TimeoutError:
            return
        finally:
            driver.turn_watchers.remove(look)


def _kept(life: Life) -> list[TimerKey]:
    return life.node.kept_timers() if isinstance(life.node, Broker) else []


def _ends(life: Life) -> Iterator[LineEnd]:
    for made in life.peers.connections():
        if not made.is_held:
            yield _end(life, made, made.peer)
    for served in life.connections.values():
        if CLIENTS not in served.ends:
            yield _end(life, served, NO_PEER)


def _end(life: Life, connection: Connection, peer: int) -> LineEnd:
    return LineEnd(
        life.node_id,
        peer,
        connection.address(of_peer=False) or "",
        connection.address(of_peer=True) or "",
        connection.bytes_in,
        connection.bytes_out,
    )
