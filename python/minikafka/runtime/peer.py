"""The calling side of a node: one connection per peer and channel, answers in the order of the calls."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING

from minikafka.effects import CallPeer, PeerLost, PeerReplied
from minikafka.runtime.connection import Connection, Stopped
from minikafka.types import BrokerId, Buffer

if TYPE_CHECKING:
    from minikafka.runtime.life import Life


class PeerConnection(Connection):
    """A connection to a peer: being made, standing, or held by a cut link."""

    def __init__(self, life: Life, pool: PeerPool, first: CallPeer) -> None:
        super().__init__(life.driver, life.max_frame_bytes)
        self._life = life
        self._pool = pool
        self._key = (first.peer, first.channel)
        self._address = (first.host, first.port)
        self._calls: deque[int] = deque()
        self._connecting: asyncio.Task[None] | None = None
        life.driver.links.join(self)
        if not self._stopped & Stopped.LINK_CUT:
            self._connecting = life.driver.loop.create_task(self._connect())

    @property
    def ends(self) -> frozenset[BrokerId]:
        return frozenset((self._life.node_id, self._key[0]))

    @property
    def peer(self) -> BrokerId:
        return self._key[0]

    def call(self, effect: CallPeer) -> None:
        self._calls.append(effect.call)
        self.send(effect.frame)

    async def _connect(self) -> None:
        try:
            await self._life.driver.loop.create_connection(lambda: self, *self._address)
        except OSError as error:
            self._connecting = None
            self.drop(str(error))

    def made(self, transport: asyncio.Transport) -> None:
        self._connecting = None
        self._driver.will_write(self)

    def received(self, frames: list[Buffer]) -> None:
        for frame in frames:
            if not self._calls:
                self.drop("an answer to no call")
                return
            self._life.deliver(PeerReplied(self._calls.popleft(), frame))

    def lost(self, why: str) -> None:
        self._pool.forget(self._key, self)
        self._life.driver.links.leave(self)
        calls, self._calls = self._calls, deque()
        for call in calls:
            self._life.deliver(PeerLost(call, why))

    def drop(self, why: str = "dropped") -> None:
        if self._connecting is not None:
            self._connecting.cancel()
        super().drop(why)


class PeerPool:
    """The connections a node made to its peers."""

    def __init__(self, life: Life) -> None:
        self._life = life
        self._connections: dict[tuple[BrokerId, str], PeerConnection] = {}

    def call(self, effect: CallPeer) -> None:
        key = (effect.peer, effect.channel)
        connection = self._connections.get(key)
        if connection is None:
            connection = PeerConnection(self._life, self, effect)
            self._connections[key] = connection
        connection.call(effect)

    def close(self, peer: BrokerId, channel: str) -> None:
        connection = self._connections.get((peer, channel))
        if connection is not None:
            connection.drop()

    def forget(self, key: tuple[BrokerId, str], connection: PeerConnection) -> None:
        if self._connections.get(key) is connection:
            del self._connections[key]

    def connections(self) -> list[PeerConnection]:
        return list(self._connections.values())

    def stop_reading(self, reason: Stopped) -> None:
        for connection in self._connections.values():
            connection.stop_reading(reason)

    def resume_reading(self, reason: Stopped) -> None:
        for connection in self._connections.values():
            connection.resume_reading(reason)

    def drop_all(self) -> None:
        for connection in list(self._connections.values()):
            connection.drop()
