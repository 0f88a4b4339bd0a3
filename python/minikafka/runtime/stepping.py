"""Moving broker time by hand: `kafka.clock`.

An hour is not waited for, and it must not look like an hour of silence either. So time moves in steps, and each of
them, on all loops alike, goes like this:

    1. the clocks move on, all before anything else; group members whose connection is open keep the time they have left
    2. what *speaks* fires: heartbeats, fetches that waited, retries (`broker/timer_kinds.py`); then everything that
       this causes between the nodes settles: every byte that one wrote another has read, and nobody has anything to do
    3. everything else that is due fires, and settles: whoever could speak has spoken before anybody is judged

A step ends where the next exact timer is due, and is never longer than the time in which, so far, nothing happened:
the first is `FIRST_STEP_MS`, after each that told nothing the next may be twice as long, and after one that did it is
short again. A day of an idle cluster is twenty steps, and a broker that died is found out at the second it would be.
What is looked at in rounds (sweeps of transactions, retention) is therefore found late by at most as much time as
nothing happened in before; when the advance is over, all of it has been found.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from typing import Final

from minikafka.history import Event
from minikafka.runtime.control.port import Hosting
from minikafka.runtime.control.time import Stand, Timeline
from minikafka.types import BrokerId, Now

FIRST_STEP_MS: Final = 50
SETTLE_ROUNDS: Final = 200
"""Looks after which a step goes on all the same: a producer that sends without pause never lets it settle."""
UNREMARKABLE: Final = frozenset(
    (
        "timer",
        "peer",
        "disk",
        "request",
        "checkpoint",
        "flush",
        "caught_up",
        "fetch",
        "fetch_session",
        "metadata",
    )
)
"""Kinds of events that an idle cluster tells of as well: with these alone, nothing happened."""
NO_PEER: Final = -1


class Stepper:
    """Freezes and moves the clocks of all nodes of one cluster. Runs on the loop; one thing at a time."""

    def __init__(self, hosting: Hosting) -> None:
        self._hosting = hosting
        self._in_hand = asyncio.Lock()
        self.is_frozen = False
        self._told: list[Event] = []
        """In this step."""

    async def now(self) -> Now:
        """Broker time: the controller's, or while it is dead a broker's."""
        return await self._hosting.timelines()[0].now()

    async def freeze(self) -> None:
        async with self._in_hand:
            self.is_frozen = True
            await self._everywhere(lambda one: one.freeze())

    async def resume(self) -> None:
        async with self._in_hand:
            self.is_frozen = False
            await self._everywhere(lambda one: one.resume())

    async def advance(self, by_ms: int, *, expire_live: bool = False) -> None:
        """Move broker time by `by_ms`, and let happen what falls into it."""
        async with self._held():
            step_ms, left_ms = FIRST_STEP_MS, by_ms
            while left_ms > 0:
                stepped_ms, told = await self._step(min(step_ms, left_ms), keep_members=not expire_live)
                left_ms -= stepped_ms
                step_ms = FIRST_STEP_MS if told else 2 * step_ms

    async def run_to_next(self, kind: str | None, limit_ms: int, *, expire_live: bool = False) -> list[Event]:
        """Move broker time until something happens; `kind`: until an event of this kind. What was told then, in
        order; empty when nothing was within `limit_ms`."""
        async with self._held():
            step_ms, left_ms = FIRST_STEP_MS, limit_ms
            while left_ms > 0:
                stepped_ms, told = await self._step(min(step_ms, left_ms), keep_members=not expire_live)
                left_ms -= stepped_ms
                if told and (kind is None or any(event.kind == kind for event in told)):
                    return told
                step_ms = FIRST_STEP_MS if told else 2 * step_ms
        return []

    async def run_while(self, is_awaited: Callable[[], bool], limit_ms: int) -> None:
        """Move broker time on, in steps of a second at most, as long as something is awaited; for what has to happen
        while the clock is frozen, such as the start of a broker."""
        async with self._held():
            step_ms, left_ms = FIRST_STEP_MS, limit_ms
            while left_ms > 0 and is_awaited():
                stepped_ms, told = await self._step(min(step_ms, left_ms), keep_members=True)
                left_ms -= stepped_ms
                step_ms = FIRST_STEP_MS if told else min(2 * step_ms, 1000)

    # One step.

    async def _step(self, at_most_ms: int, *, keep_members: bool) -> tuple[int, list[Event]]:
        stands = await self._settle(keep_members=keep_members)
        exact = [stand.next_exact_in_ms for stand in stands if stand.next_exact_in_ms is not None]
        by_ms = max(1, min([at_most_ms, *exact]))
        self._told.clear()
        await self._everywhere(lambda one: one.step(by_ms, keep_members=keep_members))
        await self._everywhere(lambda one: one.speak())
        await self._settle(keep_members=keep_members)
        await self._everywhere(lambda one: one.judge())
        await self._settle(keep_members=keep_members)
        return by_ms, [event for event in self._told if event.kind not in UNREMARKABLE]

    async def _settle(self, *, keep_members: bool) -> Sequence[Stand]:
        """Until nobody has anything to do, and nothing is on its way. Several loops are not seen at one instant: what
        they say counts once they say it twice."""
        before: Sequence[Stand] = ()
        stands: Sequence[Stand] = ()
        for _ in range(SETTLE_ROUNDS):
            timelines = self._hosting.timelines()
            stands = await asyncio.gather(*(one.stand(keep_members=keep_members) for one in timelines))
            is_settled = everything_arrived(stands, self._hosting.is_cut)
            if is_settled and (len(timelines) == 1 or stands == before):
                return stands
            before = stands if is_settled else ()
        return stands

    @asynccontextmanager
    async def _held(self) -> AsyncIterator[None]:
        """The clocks stand still but for our steps, and everybody tells what happens."""
        async with self._in_hand:
            nodes = [self._hosting.controller, *self._hosting.brokers.values()]
            silent = [node for node in nodes if not node.tells]
            for node in silent:
                node.tell(on=True)
            stop_listening = self._hosting.history.listen(self._told.append)
            if not self.is_frozen:
                await self._everywhere(lambda one: one.freeze())
            try:
                yield
            finally:
                if not self.is_frozen:
                    await self._everywhere(lambda one: one.resume())
                stop_listening()
                for node in silent:
                    node.tell(on=False)

    async def _everywhere(self, what: Callable[[Timeline], Coroutine[None, None, None]]) -> None:
        await asyncio.gather(*(what(one) for one in self._hosting.timelines()))


def everything_arrived(stands: Sequence[Stand], is_cut: Callable[[BrokerId, BrokerId], bool]) -> bool:
    """Of every connection that a running node made to another one, both ends stand, and each has read all that the
    other wrote."""
    running = {node for stand in stands for node in stand.nodes}
    ends = [end for stand in stands for end in stand.ends]
    accepted = {end.there: end for end in ends if end.peer == NO_PEER}
    for made in ends:
        if made.peer == NO_PEER or made.peer not in running or is_cut(made.node, made.peer):
            continue
        other = accepted.get(made.here)
        if other is None or (other.bytes_in, other.bytes_out) != (made.bytes_out, made.bytes_in):
            return False
    return True
