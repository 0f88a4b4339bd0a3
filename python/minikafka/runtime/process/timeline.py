"""The clock of one child, moved by its parent, and the parent's own. Both satisfy `control.time.Timeline`.

A paused child keeps its broker time, as a stopped process does; wall time goes on for it as for everybody.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from minikafka.errors import MinikafkaError
from minikafka.runtime.clock import BrokerClock
from minikafka.runtime.control.time import Stand
from minikafka.runtime.host import HostState
from minikafka.runtime.process import messages
from minikafka.types import Now

if TYPE_CHECKING:
    from minikafka.runtime.process.node import ChildNode

NOBODY: Stand = Stand(None, [], [])


class ChildTimeline:
    """See the module."""

    def __init__(self, node: ChildNode) -> None:
        self._node = node

    async def freeze(self) -> None:
        self._node.send(messages.StopClock())
        await self._node.sync()

    async def resume(self) -> None:
        self._node.send(messages.StartClock())
        await self._node.sync()

    async def step(self, by_ms: int, *, keep_members: bool) -> None:
        if self._node.state is HostState.PAUSED:
            self._node.send(messages.ShiftWall(by_ms))
        else:
            self._node.send(messages.StepClock(by_ms, keep_members))
            await self._node.sync()

    async def speak(self) -> None:
        if self._node.state is not HostState.PAUSED:
            self._node.send(messages.Speak())

    async def judge(self) -> None:
        if self._node.state is not HostState.PAUSED:
            self._node.send(messages.Judge())

    async def stand(self, *, keep_members: bool) -> Stand:
        answer = await self._node.ask(messages.AskStand(keep_members), messages.Standing)
        return NOBODY if answer is None else answer.stand

    async def now(self) -> Now:
        answer = await self._node.ask(messages.AskTime(), messages.TimeIs)
        if answer is None:
            raise MinikafkaError(f"node {self._node.node_id} does not say what time it is")
        return answer.now


class OwnTimeline:
    """The parent's: no node runs by it, but new lives are told how far it is from the machine's."""

    def __init__(self, clock: BrokerClock) -> None:
        self._clock = clock

    async def freeze(self) -> None:
        self._clock.turn(None)
        self._clock.freeze()

    async def resume(self) -> None:
        self._clock.resume()

    async def step(self, by_ms: int, *, keep_members: bool) -> None:
        self._clock.step(by_ms)

    async def speak(self) -> None:
        """There is nobody."""

    async def judge(self) -> None:
        """There is nobody."""

    async def stand(self, *, keep_members: bool) -> Stand:
        return NOBODY

    async def now(self) -> Now:
        return self._clock.turn(None)
