"""Connections as the node sees them: one request at a time, replies in order.

A connection's next request is handled once the one before is answered or, for Produce, parked after its append. So
appends of one connection happen in the order they were sent, which idempotence relies on, while up to
`MAX_QUEUED_REQUESTS` produces of it can wait for replication together. Kafka handles strictly one at a time; what a
client can observe is the same.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from typing import Final, TypeAlias

from minikafka.broker.interception import Interception
from minikafka.broker.outbox import Outbox
from minikafka.broker.request import Request
from minikafka.effects import (
    CloseConnection,
    ConnectionId,
    ConnectionLost,
    ConnectionOpened,
    PauseReading,
    ResumeReading,
    Send,
)
from minikafka.trace import Fact
from minikafka.types import Buffer, Now
from minikafka.wire import codec

MAX_QUEUED_REQUESTS: Final = 64
"""Requests of one connection under way before the next is held back; as many more frames, and it is not read."""

CLOSE: Final[Buffer] = bytearray()
"""Stands, by identity, where a reply would: the connection is closed instead when its turn comes."""

Dispatch: TypeAlias = Callable[["Session", Buffer], None]


class Session:
    """One connection: frames waiting, requests under way, replies waiting for their turn."""

    __slots__ = (
        "_frames",
        "_outbox",
        "_paused",
        "_running",
        "_unblocked",
        "_under_way",
        "asked_facts",
        "asked_last",
        "blocker",
        "client_host",
        "closed",
        "connection",
        "interception",
        "internal",
        "listener",
    )

    def __init__(
        self, opened: ConnectionOpened, outbox: Outbox, interception: Interception, unblocked: list[Session]
    ) -> None:
        """`unblocked`: where this session puts itself when it can go on."""
        self.connection: ConnectionId = opened.connection
        self.client_host = opened.client_host
        self.internal = opened.internal
        self.listener = opened.listener
        self.interception = interception
        self.closed = False
        self.blocker: Request[object] | None = None
        self.asked_last: tuple[int, int, str | None] | None = None
        """API, version and client id of the last request that was traced, and how it is told."""
        self.asked_facts: dict[str, Fact] = {}
        self._outbox = outbox
        self._unblocked = unblocked
        self._frames: deque[Buffer] = deque()
        # Requests not yet answered, oldest first, each with its encoded reply once that is ready.
        self._under_way: deque[list[object]] = deque()
        self._paused = False
        self._running = False

    def receive(self, frames: Iterable[Buffer], dispatch: Dispatch) -> None:
        self._frames.extend(frames)
        self.run(dispatch)
        if len(self._frames) > MAX_QUEUED_REQUESTS and not self._paused and not self.closed:
            self._paused = True
            self._outbox.put(PauseReading(self.connection))

    def run(self, dispatch: Dispatch) -> None:
        """Handle waiting frames until one blocks the connection."""
        if self._running:
            return
        self._running = True
        try:
            while self.runnable:
                dispatch(self, self._frames.popleft())
        finally:
            self._running = False
        if self._paused and len(self._frames) <= MAX_QUEUED_REQUESTS // 2 and not self.closed:
            self._paused = False
            self._outbox.put(ResumeReading(self.connection))

    def begin(self, request: Request[object]) -> None:
        """`request` is next in reply order and blocks the connection until answered or let pass."""
        self._under_way.append([request, None])
        self.blocker = request

    def let_next_pass(self, request: Request[object]) -> None:
        if self.blocker is request:
            self.blocker = None
            if self._frames and not self._running:
                self._unblocked.append(self)

    def answer(self, request: Request[object], body: object) -> None:
        """Encode the reply; send it and all that waited behind it, in order, unless a fault rule takes it."""
        if self.closed:
            return
        header = request.header
        try:
            data = codec.encode_response(header.api_key, header.api_version, header.correlation_id, body)
        except codec.EncodeError as error:
            # An answer that this version cannot carry is our mistake, but one client's trouble, not everybody's.
            self.close(f"the answer of API {header.api_key} v{header.api_version} cannot be written: {error}")
            return
        if self.interception.has_rules and self.interception.reply(
            request, lambda: self._ready(request, data), lambda: self._ready(request, CLOSE)
        ):
            return
        self._ready(request, data)

    def answer_nothing(self, request: Request[object]) -> None:
        if not self.closed:
            self._ready(request, b"")

    def _ready(self, request: Request[object], data: Buffer) -> None:
        if self.closed:
            return
        self.let_next_pass(request)
        under_way = self._under_way
        if under_way and under_way[0][0] is request:
            under_way.popleft()
            self._send(request, data)
            while under_way and under_way[0][1] is not None:
                self._send(*under_way.popleft())  # type: ignore[arg-type]
            if self._frames and self.blocker is None and not self._running:
                self._unblocked.append(self)  # too many were under way
            return
        for entry in under_way:
            if entry[0] is request:
                entry[1] = data
                return

    def _send(self, request: Request[object], data: Buffer) -> None:
        if data is CLOSE:
            self.close("a fault rule discarded a reply")
        elif len(data) and not self.closed:
            self._outbox.put(Send(self.connection, data, request.answers))

    def close_instead(self, request: Request[object], why: str) -> None:
        """Close when it is this request's turn to be answered; nothing after it is handled."""
        for entry in self._under_way:
            if entry[0] is request and entry is not self._under_way[0]:
                entry[1] = CLOSE
                self.blocker = request
                return
        self.close(why)

    def close(self, why: str) -> None:
        """Close from our side, now; what was sent before still leaves."""
        if not self.closed:
            self.lost()
            self._outbox.put(CloseConnection(self.connection))

    def lost(self) -> None:
        self.closed = True
        self._frames.clear()
        self._under_way.clear()
        self.blocker = None

    @property
    def runnable(self) -> bool:
        return (
            bool(self._frames)
            and self.blocker is None
            and not self.closed
            and len(self._under_way) < MAX_QUEUED_REQUESTS
        )


class Sessions:
    """All connections of a node."""

    def __init__(
        self, outbox: Outbox, interception: Interception, dispatch: Callable[[Session, Buffer, Now], None]
    ):
        self._outbox = outbox
        self._interception = interception
        self._dispatch = dispatch
        self._sessions: dict[ConnectionId, Session] = {}
        self._unblocked: list[Session] = []

    def opened(self, event: ConnectionOpened) -> None:
        self._sessions[event.connection] = Session(event, self._outbox, self._interception, self._unblocked)

    def lost(self, event: ConnectionLost) -> Session | None:
        session = self._sessions.pop(event.connection, None)
        if session is not None:
            session.lost()
        return session

    def receive(self, connection: ConnectionId, frames: Iterable[Buffer], now: Now) -> None:
        session = self._sessions.get(connection)
        if session is not None and not session.closed:
            session.receive(frames, lambda one, frame: self._dispatch(one, frame, now))

    def run_unblocked(self, now: Now) -> bool:
        """Handle frames of connections whose blocking request was answered since. True when any was handled."""
        ran = False
        unblocked = self._unblocked[:]
        self._unblocked.clear()
        for session in unblocked:
            if session.runnable:
                ran = True
                session.run(lambda one, frame: self._dispatch(one, frame, now))
        return ran
