"""One HTTP connection: h11 reads and writes the framing, this moves the bytes and minds the time.

Whoever connects may be slow, silent or hostile. Each wait has a limit, each size too, and what is over one is answered
with what it was, then the connection is closed. A handler that waits by its nature is given up when its client hangs
up; one that changes something is carried out to its end.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from contextlib import suppress
from http import HTTPStatus
from typing import Any, Final, TypeVar

import h11

from minikafka.admin.application import Answer, Application, Request, refusal
from minikafka.admin.problem import Problem
from minikafka.admin.route import Stream
from minikafka.admin.table import Found

T = TypeVar("T")

HEAD_BYTES: Final = 16 << 10
"""Request line and headers."""
BODY_BYTES: Final = 1 << 20
READ_BYTES: Final = 64 << 10
IDLE_S: Final = 60.0
"""Between requests of a connection."""
HEAD_S: Final = 10.0
"""From the first byte of a request to the end of its headers."""
BODY_S: Final = 10.0
WRITE_S: Final = 30.0
"""For the other side to read what it is sent."""
LINGER_S: Final = 1.0
"""For the other side to read an error before its unread request makes the kernel reset the connection."""

HEADERS: Final = (
    ("Server", "minikafka"),
    ("Cache-Control", "no-store"),
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
)


class Hangup(Exception):
    """The other side has gone, or is too slow to be waited for."""


class HttpConnection:
    """Serves one connection until its end."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, application: Application
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._application = application
        self._http = h11.Connection(h11.SERVER, max_incomplete_event_size=HEAD_BYTES)
        self._is_head = False

    async def run(self) -> None:
        """Returns when it is over; never raises but CancelledError."""
        with suppress(Hangup, ConnectionError):
            while await self._serve_one():
                pass
        self._writer.close()

    async def refuse(self, problem: Problem) -> None:
        """Answer without having read anything, and close."""
        with suppress(Hangup, ConnectionError):
            await self._send(refusal(problem))
        self._writer.close()

    async def _serve_one(self) -> bool:
        """One request and its answer; whether another may follow."""
        try:
            head = await self._head()
            if head is None:
                return False
            # The body is read even where nobody will look at it: behind it the next request begins.
            body = await self._body(head)
            request = Request(head.method.decode(), head.target.decode(), _headers(head), body)
            answer = await self._answer(self._application.find(request), request)
        except Problem as problem:
            answer = refusal(problem)
        except h11.RemoteProtocolError as error:
            answer = refusal(Problem(error.error_status_hint, f"this is not HTTP as it should be: {error}"))
        await self._send(answer)
        if self._http.our_state is h11.DONE and self._http.their_state is h11.DONE:
            self._http.start_next_cycle()
            return True
        await self._linger()
        return False

    # In.

    async def _head(self) -> h11.Request | None:
        """None: the connection ended between two requests."""
        if not self._http.trailing_data[0]:
            try:
                self._feed(await _within(IDLE_S, self._reader.read(READ_BYTES)))
            except TimeoutError:
                return None
        try:
            event = await _within(HEAD_S, self._event())
        except TimeoutError:
            raise Problem(408, f"no whole request head within {HEAD_S:g} s") from None
        if isinstance(event, h11.ConnectionClosed):
            return None
        assert isinstance(event, h11.Request)
        self._is_head = event.method == b"HEAD"
        return event

    async def _body(self, head: h11.Request) -> bytes:
        length = next((int(value) for name, value in head.headers if name == b"content-length"), 0)
        if length > BODY_BYTES:
            raise Problem(413, f"a body has at most {BODY_BYTES} bytes, not {length}")
        if self._http.they_are_waiting_for_100_continue:
            await self._write(self._http.send(h11.InformationalResponse(status_code=100, headers=[])))
        try:
            return await _within(BODY_S, self._rest_of_body())
        except TimeoutError:
            raise Problem(408, f"no whole body within {BODY_S:g} s") from None

    async def _rest_of_body(self) -> bytes:
        body = bytearray()
        while isinstance(event := await self._event(), h11.Data):
            body += event.data
            if len(body) > BODY_BYTES:
                raise Problem(413, f"a body has at most {BODY_BYTES} bytes")
        return bytes(body)

    async def _event(self) -> Any:
        while (event := self._http.next_event()) is h11.NEED_DATA:
            self._feed(await self._reader.read(READ_BYTES))
        return event

    def _feed(self, data: bytes) -> None:
        self._http.receive_data(data)

    # The answer.

    async def _answer(self, found: Found, request: Request) -> Answer:
        work = self._application.answer(found, request)
        return await self._unless_gone(work) if found.route.waits else await work

    async def _unless_gone(self, work: Coroutine[None, None, T]) -> T:
        """Raises Hangup as soon as the other side closes; `work` is then cancelled."""
        working = asyncio.ensure_future(work)
        listening = asyncio.ensure_future(self._reader.read(READ_BYTES))
        try:
            await asyncio.wait((working, listening), return_when=asyncio.FIRST_COMPLETED)
            if listening.done():
                # A request sent ahead has to wait, and nothing more is read until its turn comes.
                self._feed(listening.result())
                if not working.done() and not listening.result():
                    raise Hangup
            return await working
        finally:
            for task in (working, listening):
                task.cancel()
            await asyncio.gather(working, listening, return_exceptions=True)

    # Out.

    async def _send(self, answer: Answer) -> None:
        if isinstance(answer.content, Stream):
            await self._send_stream(answer, answer.content)
            return
        body = answer.content.body.encode()
        data = self._begin(answer, ("Content-Length", str(len(body))))
        if not self._is_head:
            data += self._http.send(h11.Data(body)) or b""
        data += self._http.send(h11.EndOfMessage()) or b""
        await self._write(data)

    async def _send_stream(self, answer: Answer, stream: Stream) -> None:
        await self._write(self._begin(answer))
        if not self._is_head:
            await self._unless_gone(stream.run(self._send_part))
        await self._write(self._http.send(h11.EndOfMessage()))

    async def _send_part(self, data: bytes) -> None:
        await self._write(self._http.send(h11.Data(data)))

    def _begin(self, answer: Answer, *more: tuple[str, str]) -> bytes:
        headers = [*HEADERS, ("Content-Type", answer.content.content_type), *answer.headers, *more]
        if self._http.their_state is not h11.DONE:
            headers.append(("Connection", "close"))
        reason = HTTPStatus(answer.status).phrase if answer.status in list(HTTPStatus) else ""
        return self._http.send(h11.Response(status_code=answer.status, headers=headers, reason=reason)) or b""

    async def _write(self, data: bytes | None) -> None:
        if data:
            self._writer.write(data)
        try:
            await _within(WRITE_S, self._writer.drain())
        except TimeoutError:
            self._writer.transport.abort()
            raise Hangup from None

    async def _linger(self) -> None:
        """Read and drop what is still under way, for a moment."""
        with suppress(TimeoutError, ConnectionError, OSError):
            if self._writer.can_write_eof():
                self._writer.write_eof()
            await _within(LINGER_S, self._drop_all())

    async def _drop_all(self) -> None:
        while await self._reader.read(READ_BYTES):
            pass


async def _within(seconds: float, work: Coroutine[Any, Any, T]) -> T:
    """Raises TimeoutError."""
    async with asyncio.timeout(seconds):
        return await work


def _headers(head: h11.Request) -> dict[str, str]:
    """By lower-case name. Raises Problem where one that decides something is given twice."""
    found: dict[str, str] = {}
    for name, value in head.headers:
        text = name.decode("latin-1")
        if text in found and text in {"host", "origin", "authorization", "content-type", "last-event-id"}:
            raise Problem(400, f"the header {text} is given twice")
        found[text] = value.decode("latin-1")
    return found
