"""One TCP connection: bytes in become whole frames, bytes out leave once per turn.

Frames are cut by the Rust splitter straight from the receive buffer, which refuses a length over the limit before
buffering any of it. What a node sends during a turn is gathered and handed to the kernel in one write at its end.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from enum import IntFlag
from typing import TYPE_CHECKING, Final, cast

from minikafka._core import FrameSplitter
from minikafka.runtime.way import Way
from minikafka.types import BrokerId, Buffer

if TYPE_CHECKING:
    from minikafka.runtime.driver import Driver

WRITE_BUFFER_HIGH_BYTES: Final = 4 << 20
"""Unsent bytes of one connection above which no more requests are read from it."""
WINDOW_BYTES: Final = 4 << 20
"""Bytes on their way to us over a slow link above which no more are read: the window of its connection."""
RESET_ON_CLOSE: Final = struct.pack("ii", 1, 0)


class Stopped(IntFlag):
    """Why nothing is read from a connection. It is read again once every reason is gone."""

    NO = 0
    SENDS_TOO_SLOWLY = 1
    NODE_ASKED = 2
    NODE_PAUSED = 4
    LINK_CUT = 8
    WINDOW_FULL = 16


class Connection(asyncio.BufferedProtocol):
    """Base of accepted and of made connections."""

    def __init__(self, driver: Driver, max_frame_bytes: int) -> None:
        self._driver = driver
        self._splitter = FrameSplitter(max_frame_bytes)
        self._transport: asyncio.Transport | None = None
        self._out: list[Buffer] = []
        self._stopped = Stopped.NO
        self._closing = False
        self._in: Way | None = None
        self._out_way: Way | None = None
        self.dropped = False
        self.bytes_in = 0
        """Received so far, and `bytes_out` given to the kernel or on its way to it."""
        self.bytes_out = 0

    @property
    def ends(self) -> frozenset[BrokerId]:
        """The nodes it runs between."""
        raise NotImplementedError

    # What subclasses are told.

    def made(self, transport: asyncio.Transport) -> None:
        """The connection stands."""

    def received(self, frames: list[Buffer]) -> None:
        """Whole frames arrived, in order."""
        raise AssertionError("a connection that nobody reads")

    def lost(self, why: str) -> None:
        """The connection is gone, whoever ended it; called once."""

    # What owners do.

    def send(self, data: Buffer) -> None:
        """Send at the end of this turn."""
        if not self._out:
            self._driver.will_write(self)
        self._out.append(data)

    def close(self) -> None:
        """Close once everything sent has left."""
        if not self._closing:
            self._closing = True
            self._driver.will_write(self)

    def drop(self, why: str = "dropped") -> None:
        """Reset the connection at once; what was not written yet is gone."""
        if self.dropped:
            return
        self.dropped = True
        self._out.clear()
        transport, self._transport = self._transport, None
        if transport is not None:
            transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
            transport.abort()
        self.lost(why)

    def leave(self) -> None:
        """Close as a process that ends does: what was sent still arrives."""
        self._closing = True
        self._driver.leaving.add(self)
        self.write_out()
        if self._stopped & Stopped.LINK_CUT:
            self.drop()

    def hold(self) -> None:
        """The link is cut: no byte passes, either way, until the link heals and drops this connection."""
        self.stop_reading(Stopped.LINK_CUT)

    @property
    def is_held(self) -> bool:
        """By a cut link."""
        return bool(self._stopped & Stopped.LINK_CUT)

    def address(self, *, of_peer: bool) -> str | None:
        """`HOST:PORT` of one of its ends, while it stands."""
        if self._transport is None:
            return None
        host, port = self._transport.get_extra_info("peername" if of_peer else "sockname")[:2]
        return f"{host}:{port}"

    def descriptor(self) -> int | None:
        """Of its socket, while it has one."""
        if self._transport is None:
            return None
        number: int = self._transport.get_extra_info("socket").fileno()
        return number if number >= 0 else None

    def stop_reading(self, reason: Stopped) -> None:
        if self._stopped is Stopped.NO and self._transport is not None:
            self._transport.pause_reading()
        self._stopped |= reason

    def resume_reading(self, reason: Stopped) -> None:
        before = self._stopped
        self._stopped &= ~reason
        if before is not Stopped.NO and self._stopped is Stopped.NO and self._transport is not None:
            self._transport.resume_reading()

    def write_out(self) -> None:
        """Hand to the kernel what this turn sent. Bytes for a cut link stay here."""
        transport = self._transport
        if transport is None or (self._stopped and self._stopped & Stopped.LINK_CUT):
            return
        out, self._out = self._out, []
        if self._out_way is not None or self._driver.links.has_delays:
            self._write_later(out)
        else:
            self._write(transport, out, closing=self._closing)

    def _write(self, transport: asyncio.Transport, out: list[Buffer], *, closing: bool) -> None:
        self.bytes_out += sum(map(len, out))
        if len(out) == 1:
            transport.write(out[0])
        elif out:
            transport.writelines(out)
        if closing:
            transport.close()

    # A slow link.

    def _write_later(self, out: list[Buffer]) -> None:
        way = self._out_way = self._out_way or Way(self._driver)
        closing = self._closing

        def arrive() -> None:
            transport = self._transport
            if transport is not None and not self._stopped & Stopped.LINK_CUT:
                self._write(transport, out, closing=closing)

        way.send(self._driver.links.delay_ms(self.ends), 0, arrive)

    def _receive_later(self, frames: list[Buffer]) -> None:
        way = self._in = self._in or Way(self._driver)

        def arrive() -> None:
            if way.size_bytes <= WINDOW_BYTES:
                self.resume_reading(Stopped.WINDOW_FULL)
            if not self.dropped and not self._stopped & Stopped.LINK_CUT:
                self.received(frames)

        way.send(self._driver.links.delay_ms(self.ends), sum(map(len, frames)), arrive)
        if way.size_bytes > WINDOW_BYTES:
            self.stop_reading(Stopped.WINDOW_FULL)

    @property
    def has_left(self) -> bool:
        """Everything sent so far is with the kernel, as far as one can see: neither here nor in the transport."""
        return not self._out and self._transport is not None and self._transport.get_write_buffer_size() == 0

    # What asyncio calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        if self.dropped:
            transport.abort()
            return
        self._transport = transport
        transport.set_write_buffer_limits(high=WRITE_BUFFER_HIGH_BYTES)
        sock = transport.get_extra_info("socket")
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self._stopped:
            transport.pause_reading()
        self._driver.open_turn()
        self.made(transport)

    def get_buffer(self, sizehint: int) -> bytearray:
        return self._splitter.get_buffer(sizehint)

    def buffer_updated(self, nbytes: int) -> None:
        self.bytes_in += nbytes
        try:
            frames = self._splitter.buffer_updated(nbytes)
        except ValueError as error:
            self.drop(f"not a frame: {error}")
            return
        if not frames:
            return
        if self._in is not None or self._driver.links.has_delays:
            self._receive_later(cast("list[Buffer]", frames))
        else:
            self.received(cast("list[Buffer]", frames))

    def eof_received(self) -> bool:
        return False

    def pause_writing(self) -> None:
        self.stop_reading(Stopped.SENDS_TOO_SLOWLY)

    def resume_writing(self) -> None:
        self.resume_reading(Stopped.SENDS_TOO_SLOWLY)

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self._driver.open_turn()
        self._driver.leaving.discard(self)
        why = str(exc) if exc else "closed by the other side"
        if self._in is not None and self._in.under_way:
            # What was sent before it was closed arrives first.
            self._in.send(0, 0, lambda: self._ended(why))
        else:
            self._ended(why)

    def _ended(self, why: str) -> None:
        if not self.dropped:
            self.dropped = True
            self.lost(why)
