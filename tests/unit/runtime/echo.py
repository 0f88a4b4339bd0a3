"""A tiny node that echoes, and a world of such nodes on one loop."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable
from contextlib import asynccontextmanager
from typing import cast

from minikafka.effects import (
    CallPeer,
    CloseConnection,
    Effect,
    Event,
    Halt,
    PeerLost,
    PeerReplied,
    RequestsReceived,
    Send,
    ServeClients,
    SetTimer,
    StopRequested,
)
from minikafka.runtime.driver import Driver
from minikafka.runtime.host import NodeHost
from minikafka.runtime.ports import Port
from minikafka.runtime.server import Listener
from minikafka.types import Now


def framed(body: bytes) -> bytes:
    return struct.pack(">i", len(body)) + body


class EchoNode:
    """Echoes frames. `call PORT TEXT` asks the peer at that port, `timer MS` sets one, `bye` closes, `boom` breaks."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.turns: list[list[Event]] = []
        self.times: list[Now] = []
        self.replies: list[str] = []
        self.lost: list[str] = []
        self.peer = 2
        self._calls = 0

    def start(self, now: Now) -> list[Effect]:
        self.times.append(now)
        return [ServeClients()]

    def turn(self, events: Iterable[Event], now: Now) -> list[Effect]:
        events = list(events)
        self.turns.append(events)
        self.times.append(now)
        effects: list[Effect] = []
        for event in events:
            self.events.append(event)
            if isinstance(event, RequestsReceived):
                for frame in event.frames:
                    effects += self._serve(event.connection, bytes(frame), now)
            elif isinstance(event, PeerReplied):
                self.replies.append(bytes(event.frame).decode())
            elif isinstance(event, PeerLost):
                self.lost.append(event.why)
            elif isinstance(event, StopRequested):
                effects.append(Halt("asked to", clean=True))
        return effects

    def _serve(self, connection: int, frame: bytes, now: Now) -> list[Effect]:
        word, _, rest = frame.decode().partition(" ")
        if word == "call":
            port, _, text = rest.partition(" ")
            self._calls += 1
            body = framed(text.encode())
            return [CallPeer(self._calls, self.peer, "127.0.0.1", int(port), "test", body)]
        if word == "timer":
            return [SetTimer((rest,), now.monotonic_ms + int(rest))]
        if word == "bye":
            return [Send(connection, framed(b"farewell")), CloseConnection(connection)]
        assert word != "boom", "asked to break"
        return [Send(connection, framed(frame))]

    def saw(self, kind: type) -> int:
        return sum(isinstance(event, kind) for event in self.events)


class World:
    """Echo nodes, each with one listener, numbered from 1."""

    def __init__(self, driver: Driver) -> None:
        self.driver = driver
        self.hosts: list[NodeHost[EchoNode]] = []

    async def add(self, max_frame_bytes: int = 1 << 20) -> NodeHost[EchoNode]:
        listener = Listener(Port("127.0.0.1"), internal=False)
        # An echo node keeps no files.
        host = NodeHost(
            self.driver,
            len(self.hosts) + 1,
            [listener],
            cast("None", None),  # type: ignore[arg-type]
            "",
            lambda _disk: EchoNode(),
            max_frame_bytes=max_frame_bytes,
        )
        self.hosts.append(host)
        await host.start()
        return host

    async def until(self, predicate: Callable[[], bool]) -> None:
        """Wait, without polling, until a turn makes `predicate` true."""
        if predicate():
            return
        done: asyncio.Future[None] = self.driver.loop.create_future()

        def look() -> None:
            if not done.done() and predicate():
                done.set_result(None)

        self.driver.watchers.append(look)
        try:
            await asyncio.wait_for(done, 5)
        finally:
            self.driver.watchers.remove(look)


def port_of(host: NodeHost[EchoNode]) -> int:
    return host.listeners[0].port.port


def node_of(host: NodeHost[EchoNode]) -> EchoNode:
    assert host.node is not None
    return host.node


@asynccontextmanager
async def client(
    host: NodeHost[EchoNode],
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port_of(host))
    try:
        yield reader, writer
    finally:
        writer.close()


async def receive(reader: asyncio.StreamReader) -> bytes:
    (length,) = struct.unpack(">i", await asyncio.wait_for(reader.readexactly(4), 5))
    return await asyncio.wait_for(reader.readexactly(length), 5)


Story = Callable[[World], Coroutine[None, None, None]]


def leap(driver: Driver, by_ms: int) -> None:
    """Move broker time at once: no steps, and nobody is given the time to speak."""
    driver.clock.freeze()
    driver.clock.step(by_ms)
    driver.clock.resume()
    driver.forget_wake_up()
    driver.open_turn()
