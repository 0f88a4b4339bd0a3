"""The control channel: length-prefixed JSON over one half of a socket pair. It has no address, so nobody else can come.

Both ends write without waiting; what the kernel does not take at once is kept and sent when it does. The socket is read
and written directly rather than through an asyncio transport, because a child that is about to stop must know that its
last words have left.
"""

from __future__ import annotations

import asyncio
import json
import socket
import struct
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final

from minikafka.runtime.control.plain import to_plain

MAX_MESSAGE_BYTES: Final = 64 << 20
"""A view of everything of a broker with a hundred thousand partitions fits; a longer length is garbage."""
FULL_BYTES: Final = 4 << 20
"""Unsent bytes above which a child tells less: what is not sent now is left out, or said later."""
READ_BYTES: Final = 256 << 10
LENGTH: Final = struct.Struct(">I")


class Channel:
    """One end. `on_message` hears every message, `on_end` once that the other side is gone."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        sock: socket.socket,
        on_message: Callable[[Any], None],
        on_end: Callable[[], None],
        on_room: Callable[[], None] = lambda: None,
    ) -> None:
        """Owns the connected socket from now on. `on_room`: it was full, and is not any more."""
        self._loop = loop
        self._socket = sock
        self._on_message = on_message
        self._on_end = on_end
        self._on_room = on_room
        self._in = bytearray()
        self._out = bytearray()
        sock.setblocking(False)
        loop.add_reader(sock, self._readable)

    @property
    def is_open(self) -> bool:
        return self._socket.fileno() >= 0

    @property
    def is_full(self) -> bool:
        return len(self._out) > FULL_BYTES

    def send(self, message: object) -> None:
        """Send it; lost if the other side is gone."""
        if self.is_open:
            data = json.dumps(to_plain(message), separators=(",", ":")).encode()
            waiting = bool(self._out)
            self._out += LENGTH.pack(len(data)) + data
            if not waiting:
                self._write()

    def flush(self) -> None:
        """Return once everything sent has left this process; blocks."""
        if self.is_open:
            self._loop.remove_writer(self._socket)
            self._socket.setblocking(True)
            with suppress(OSError):
                self._socket.sendall(self._out)
            self._out.clear()
            self._socket.setblocking(False)

    def descriptor(self) -> int:
        return self._socket.fileno()

    def close(self) -> None:
        """No more of it; `on_end` is not called."""
        if self.is_open:
            self._loop.remove_reader(self._socket)
            self._loop.remove_writer(self._socket)
            self._socket.close()

    def _write(self) -> None:
        was_full = self.is_full
        try:
            sent = self._socket.send(self._out)
        except (BlockingIOError, InterruptedError):
            sent = 0
        except OSError:
            # The other side is gone; reading will tell.
            self._out.clear()
            self._loop.remove_writer(self._socket)
            return
        del self._out[:sent]
        if self._out:
            self._loop.add_writer(self._socket, self._write)
        else:
            self._loop.remove_writer(self._socket)
        if was_full and not self.is_full:
            self._on_room()

    def _readable(self) -> None:
        try:
            data = self._socket.recv(READ_BYTES)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            data = b""
        if not data:
            self._end()
            return
        self._in += data
        while self.is_open and (message := self._next()) is not None:
            self._on_message(json.loads(message))

    def _next(self) -> bytes | None:
        if len(self._in) < LENGTH.size:
            return None
        (length,) = LENGTH.unpack_from(self._in)
        if length > MAX_MESSAGE_BYTES:
            self._end()
            return None
        end = LENGTH.size + length
        if len(self._in) < end:
            return None
        message = bytes(self._in[LENGTH.size : end])
        del self._in[:end]
        return message

    def _end(self) -> None:
        self.close()
        self._on_end()
