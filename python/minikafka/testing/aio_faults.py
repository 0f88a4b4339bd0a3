"""`kafka.aio.faults`: the faults of `kafka.faults`, awaited on the caller's own loop.

    async with kafka.aio.faults.drop_response(api="Produce", topic="orders", times=1) as fault:
        ...
        await fault.wait_fired()

Or `fault = await kafka.aio.faults.drop_response(...)`, in force until `await fault.heal()`.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Coroutine, Generator
from types import TracebackType
from typing import Any, Self, cast

from minikafka.faults.book import find
from minikafka.faults.rule import Rule
from minikafka.history import Event
from minikafka.runtime.calls import AtEvent
from minikafka.testing.fault_kinds import FaultKinds
from minikafka.testing.faults import FaultSoFar
from minikafka.testing.running import Running


class AioFault(FaultSoFar):
    """One fault, in force until `heal` or the end of its `async with` block."""

    async def wait_fired(self, times: int = 1, *, timeout: float = 10.0) -> None:  # noqa: ASYNC109 - as Fault's
        """See `Fault.wait_fired`."""
        await self._cluster.run_async(lambda supervisor: self._until_fired(supervisor, times, timeout))
        self._raise_error()

    async def heal(self) -> None:
        """See `Fault.heal`."""
        await self._cluster.run_async(lambda supervisor: supervisor.rules.remove(self._armed))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.heal()
        if error is None:
            self._raise_error()


class Arming:
    """A fault that is in force once this is awaited, or entered with `async with`."""

    def __init__(self, arm: Coroutine[Any, Any, AioFault]) -> None:
        self._arm = arm
        self._fault: AioFault | None = None

    def __await__(self) -> Generator[Any, None, AioFault]:
        return self._arm.__await__()

    async def __aenter__(self) -> AioFault:
        self._fault = await self._arm
        return self._fault

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._fault is not None, "left without having been entered"
        await self._fault.__aexit__(kind, error, trace)


class AioFaults(FaultKinds[Arming]):
    """See `Faults`. A function that `on_event` is given may be a coroutine function: it runs on the caller's loop."""

    def __init__(self, cluster: Running) -> None:
        self._cluster = cluster

    async def list(self) -> list[AioFault]:
        """See `Faults.list`."""
        in_force = await self._cluster.look_async(lambda supervisor: supervisor.rules.in_force)
        return [AioFault(self._cluster, armed) for armed in in_force]

    async def heal(self, id: str | None = None) -> None:  # noqa: A002 - the name it has everywhere
        """See `Faults.heal`."""
        if id is None:
            await self._cluster.run_async(lambda supervisor: supervisor.rules.clear())
        else:
            in_force = await self._cluster.look_async(lambda supervisor: supervisor.rules.in_force)
            await AioFault(self._cluster, find(in_force, id)).heal()

    def _add(self, rule: Rule, call: AtEvent | None = None) -> Arming:
        return Arming(self._arm(rule, call))

    async def _arm(self, rule: Rule, call: AtEvent | None) -> AioFault:
        at_event = _run_here(call) if inspect.iscoroutinefunction(call) else call
        armed = await self._cluster.run_async(lambda supervisor: supervisor.rules.add(rule, at_event))
        return AioFault(self._cluster, armed)


def _run_here(call: AtEvent) -> AtEvent:
    """`call`, a coroutine function, for a thread that waits while it runs on the loop of this moment."""
    loop = asyncio.get_running_loop()

    def at_event(event: Event) -> object:
        running = cast("Coroutine[Any, Any, object]", call(event))
        return asyncio.run_coroutine_threadsafe(running, loop).result()

    return at_event
