"""One request being served, from its frame to its reply."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar

from minikafka.effects import ConnectionId
from minikafka.wire.codec import RequestHeader

if TYPE_CHECKING:
    from minikafka.broker.sessions import Session

Body = TypeVar("Body", covariant=True)


class Request(Generic[Body]):
    """A decoded request and the one way to answer it.

    Exactly one of `reply`, `reply_nothing` and `close` is called, at once or in a later turn. Replies leave in the
    order of the requests of a connection, whatever the order they become ready in.
    """

    __slots__ = ("_session", "answered", "answers", "api_key", "api_version", "body", "header")

    def __init__(self, session: Session, header: RequestHeader, body: Body) -> None:
        self._session = session
        self.header = header
        self.api_key = header.api_key
        self.api_version = header.api_version
        self.body = body
        self.answered = False
        self.answers: list[int] = []
        """Trace events that the reply will tell the client of."""

    @property
    def session(self) -> Session:
        """The connection it came over."""
        return self._session

    @property
    def connection(self) -> ConnectionId:
        return self._session.connection

    @property
    def client_id(self) -> str:
        """As sent; empty when null."""
        return self.header.client_id or ""

    @property
    def client_host(self) -> str:
        return self._session.client_host

    @property
    def internal(self) -> bool:
        """Came on the listener that brokers keep for one another."""
        return self._session.internal

    @property
    def listener(self) -> str:
        """Whose addresses the client is told (R19)."""
        return self._session.listener

    @property
    def is_abandoned(self) -> bool:
        """The connection is gone: whatever is answered is heard by nobody."""
        return self._session.closed

    def reply(self, body: object) -> None:
        """Answer with a response message of this API."""
        if not self.answered:
            self.answered = True
            self._session.answer(self, body)

    def reply_nothing(self) -> None:
        """The request is done and has no answer (Produce with acks=0, L14)."""
        if not self.answered:
            self.answered = True
            self._session.answer_nothing(self)

    def close(self, why: str) -> None:
        """Close the connection instead of answering, after the answers before this one."""
        self.answered = True
        self._session.close_instead(self, why)

    def let_next_pass(self) -> None:
        """Let the connection's next request be handled although this one is not answered yet.

        Only for a Produce parked *after* its append: the order of appends is fixed by then (ADR 0008).
        """
        self._session.let_next_pass(self)
