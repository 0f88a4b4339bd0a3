"""A synchronous client that says exactly what it is told: any request of any version, over one plain socket."""

from __future__ import annotations

import socket
from types import TracebackType
from typing import Self

from minikafka import _core
from minikafka.wire.message import Message

CLIENT_ID = "raw"
LENGTH_BYTES = 4


class ConnectionEnded(Exception):
    """The broker closed the connection instead of answering."""


class RawConnection:
    """One connection. `timeout_s` is how long an answer may take; past it, `receive` raises TimeoutError."""

    def __init__(self, address: str, *, timeout_s: float = 3.0) -> None:
        host, port = address.rsplit(":", 1)
        self.address = address
        self._socket = socket.create_connection((host, int(port)), timeout_s)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._correlation_id = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._socket.close()

    def ask(self, request: Message, version: int) -> Message:
        """Send and wait. Raises ConnectionEnded, TimeoutError, or DecodeError for an answer that makes no sense."""
        self.send(request, version)
        return self.receive(request.API_KEY, version)

    def send(self, request: Message, version: int) -> None:
        """Send only; for acks=0, and for requests that a broker parks. Raises EncodeError, ConnectionEnded."""
        self._correlation_id += 1
        self.send_frame(
            _core.encode_request(request.API_KEY, version, self._correlation_id, CLIENT_ID, request)
        )

    def send_frame(self, frame: bytes) -> None:
        """Bytes as they are, length included."""
        try:
            self._socket.sendall(frame)
        except ConnectionError as error:
            raise ConnectionEnded from error

    def receive(self, api_key: int, version: int) -> Message:
        """The next answer, taken as one of this API and version."""
        _, message = _core.decode_response(api_key, version, self.receive_frame())
        return message

    def receive_frame(self) -> bytes:
        """The next answer's bytes, without the length. Raises ConnectionEnded, TimeoutError."""
        return self._read(int.from_bytes(self._read(LENGTH_BYTES), "big"))

    def _read(self, size: int) -> bytes:
        data = bytearray()
        while len(data) < size:
            try:
                chunk = self._socket.recv(size - len(data))
            except ConnectionError as error:
                raise ConnectionEnded from error
            if not chunk:
                raise ConnectionEnded
            data += chunk
        return bytes(data)
