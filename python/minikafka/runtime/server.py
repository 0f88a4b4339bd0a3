"""The listening side of a node: its sockets, and the connections accepted on them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from minikafka.effects import ConnectionId, ConnectionLost, ConnectionOpened, RequestsReceived
from minikafka.runtime.connection import Connection, Stopped
from minikafka.runtime.links import CLIENTS
from minikafka.runtime.ports import Port
from minikafka.types import BrokerId, Buffer

if TYPE_CHECKING:
    from minikafka.runtime.life import Life


class ServedConnection(Connection):
    """A client's or a peer's connection to a node."""

    def __init__(self, life: Life, *, internal: bool) -> None:
        super().__init__(life.driver, life.max_frame_bytes)
        self._life = life
        self._internal = internal
        self.connection: ConnectionId = life.driver.next_connection_id()

    @property
    def ends(self) -> frozenset[BrokerId]:
        # A peer's connection is cut where it is made, on the peer's side.
        return frozenset((self._life.node_id, self._life.node_id if self._internal else CLIENTS))

    def made(self, transport: asyncio.Transport) -> None:
        if self._life.is_over:
            self.drop()
            return
        peer = transport.get_extra_info("peername")
        self._life.connections[self.connection] = self
        self._life.driver.links.join(self)
        if self._life.is_paused:
            self.stop_reading(Stopped.NODE_PAUSED)
        self._life.deliver(ConnectionOpened(self.connection, str(peer[0]) if peer else "", self._internal))

    def received(self, frames: list[Buffer]) -> None:
        self._life.deliver(RequestsReceived(self.connection, frames))

    def lost(self, why: str) -> None:
        self._life.driver.links.leave(self)
        if self._life.connections.pop(self.connection, None) is not None:
            self._life.deliver(ConnectionLost(self.connection))


class Listener:
    """One listening socket of a node; its port stays held while the listener is closed."""

    def __init__(self, port: Port, *, internal: bool) -> None:
        self.port = port
        self.internal = internal
        self._server: asyncio.Server | None = None

    async def open(self, life: Life) -> None:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: ServedConnection(life, internal=self.internal), sock=self.port.listen(), backlog=1024
        )

    def descriptors(self) -> list[int]:
        """Of the socket that holds the port, and of the one that listens."""
        listening = () if self._server is None else self._server.sockets
        return [self.port.descriptor(), *(sock.fileno() for sock in listening)]

    def close(self) -> None:
        """Refuse new connections from now on."""
        if self._server is not None:
            self._server.close()
            self._server = None
