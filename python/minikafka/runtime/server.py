"""The listening side of a node: its sockets, and the connections accepted on them."""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING, Final

from minikafka.effects import ConnectionId, ConnectionLost, ConnectionOpened, RequestsReceived
from minikafka.runtime.connection import Connection, Stopped
from minikafka.runtime.links import CLIENTS
from minikafka.runtime.ports import Port
from minikafka.types import CLIENT_LISTENER, BrokerId, Buffer

if TYPE_CHECKING:
    from minikafka.runtime.life import Life

ACCEPTED_AT_ONCE: Final = 64
REST_SECONDS: Final = 1.0
"""Before accepting again after a failure to."""


class ServedConnection(Connection):
    """A client's or a peer's connection to a node."""

    def __init__(self, life: Life, *, internal: bool, listener: str) -> None:
        super().__init__(life.driver, life.max_frame_bytes)
        self._life = life
        self._internal = internal
        self._listener = listener
        self.connection: ConnectionId = life.driver.next_connection_id()
        self.answers: list[int] = []
        """Trace events that bytes on their way tell the client of."""

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
        host = str(peer[0]) if peer else ""
        self._life.deliver(ConnectionOpened(self.connection, host, self._internal, self._listener))

    def received(self, frames: list[Buffer]) -> None:
        self._life.deliver(RequestsReceived(self.connection, frames))

    def write_out(self) -> None:
        super().write_out()
        if self.answers and self.has_left:
            answers, self.answers = self.answers, []
            self._life.left(answers)

    def lost(self, why: str) -> None:
        self._life.driver.links.leave(self)
        if self._life.connections.pop(self.connection, None) is not None:
            self._life.deliver(ConnectionLost(self.connection))


class Listener:
    """One listening socket of a node; its port stays held while the listener is closed.

    It accepts by itself: asyncio's server, closed between accepting a connection and making its transport, forgets the
    socket, and the client of a killed broker waits for ever.
    """

    def __init__(self, port: Port, *, internal: bool, name: str = CLIENT_LISTENER) -> None:
        """`name`: whose addresses those who come here are told."""
        self.port = port
        self.internal = internal
        self._name = name
        self._socket: socket.socket | None = None
        self._life: Life | None = None
        self._arriving: set[asyncio.Task[None]] = set()

    def open(self, life: Life) -> None:
        self._socket = self.port.listen()
        self._life = life
        self._listen(self._socket)

    def _listen(self, listening: socket.socket) -> None:
        if self._life is not None and self._socket is listening:
            self._life.driver.loop.add_reader(listening, self._accept, listening, self._life)

    def _accept(self, listening: socket.socket, life: Life) -> None:
        loop = life.driver.loop
        for _ in range(ACCEPTED_AT_ONCE):
            try:
                accepted, _ = listening.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError:
                # No descriptor left, most likely: whoever waits is accepted once there is one.
                loop.remove_reader(listening)
                loop.call_later(REST_SECONDS, self._listen, listening)
                return
            accepted.setblocking(False)
            arriving = loop.create_task(self._serve(accepted, life))
            self._arriving.add(arriving)
            arriving.add_done_callback(self._arriving.discard)

    async def _serve(self, accepted: socket.socket, life: Life) -> None:
        try:
            await life.driver.loop.connect_accepted_socket(
                lambda: ServedConnection(life, internal=self.internal, listener=self._name), accepted
            )
        except OSError:
            accepted.close()

    def descriptors(self) -> list[int]:
        """Of the socket that holds the port, and of the one that listens."""
        listening = () if self._socket is None else (self._socket,)
        return [self.port.descriptor(), *(sock.fileno() for sock in listening)]

    def close(self) -> None:
        """Refuse new connections from now on."""
        if self._socket is not None and self._life is not None:
            self._life.driver.loop.remove_reader(self._socket)
            self._socket.close()
        self._socket = self._life = None
