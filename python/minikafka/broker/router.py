"""From a frame to its handler: header, version gate, body, interception, handler.

Handlers are found by the number in their file name, `handlers/k00_produce.py`, and imported when their API is first
used; the listing of that folder *is* the table of served APIs (a test holds it against `wire/support.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Generic, TypeVar

from minikafka.broker.interception import Interception
from minikafka.broker.request import Request
from minikafka.broker.sessions import Session
from minikafka.errors import ErrorCode, Rejected
from minikafka.trace import NOBODY, Trace
from minikafka.types import Buffer, Now
from minikafka.wire import codec
from minikafka.wire.messages.api_versions import ApiVersion, ApiVersionsResponse
from minikafka.wire.support import ServedVersions

API_VERSIONS = 18

N = TypeVar("N")
Handler = Callable[[N, Request[object], Now], None]


class Router(Generic[N]):
    """Dispatches the frames of one node `N` (a broker or the controller)."""

    def __init__(
        self,
        node: N,
        handlers: Mapping[int, str],
        served: Mapping[int, ServedVersions],
        interception: Interception,
        trace: Trace = NOBODY,
    ) -> None:
        """`handlers`: module name by API key. `served`: versions this node answers."""
        self._node = node
        self._modules = handlers
        self._served = served
        self._interception = interception
        self._handlers: dict[int, Handler[N]] = {}
        self._trace = trace

    def dispatch(self, session: Session, frame: Buffer, now: Now) -> None:
        """Decode and handle one frame. Whatever cannot be read closes the connection, as in Kafka (C1)."""
        try:
            header, body = codec.decode_request(frame)
        except codec.UnsupportedVersion as unknown:
            self._unsupported(session, unknown.header)
            return
        except codec.DecodeError as error:
            session.close(f"unreadable request: {error}")
            return
        served = self._served.get(header.api_key)
        if served is None or not served.min <= header.api_version <= served.max:
            self._unsupported(session, header)
            return
        request = Request(session, header, body)
        session.begin(request)
        if self._trace.on:
            self._tell_stimulus(request)
        if not self._interception.before(request, now, self._handle_late):
            self.handle(request, now)
            if self._interception.has_rules:
                self._interception.handled(request, now)

    def _handle_late(self, request: Request[object], now: Now) -> None:
        """A fault rule kept it for a while."""
        if self._trace.on:
            self._tell_stimulus(request)
        self.handle(request, now)

    def _tell_stimulus(self, request: Request[object]) -> None:
        """A connection mostly asks for the same thing again."""
        session, header = request.session, request.header
        asked = (header.api_key, header.api_version, header.client_id)
        if session.asked_last != asked:
            session.asked_last = asked
            session.asked_facts = {
                "api": self._served[request.api_key].name,
                "version": request.api_version,
                "client_id": request.client_id,
                "connection": request.connection,
                "from_broker": request.internal,
            }
        self._trace.stimulus_again("request", session.asked_facts)

    def handle(self, request: Request[object], now: Now) -> None:
        """Run the handler of a request that was let through."""
        handler = self._handlers.get(request.api_key)
        if handler is None:
            handler = import_module(self._modules[request.api_key]).handle
            self._handlers[request.api_key] = handler
        try:
            handler(self._node, request, now)
        except Rejected as rejected:
            # A handler that refuses the whole request says so itself; this one has no way to answer it.
            request.close(f"refused: {rejected}")
        except OSError as error:
            # What the node does about its disk it does at the end of the turn; nobody may wait for this answer.
            request.close(f"the disk failed: {error}")
            raise

    def _unsupported(self, session: Session, header: codec.RequestHeader) -> None:
        """C1: an unknown version of ApiVersions is answered at version 0 with [35] and our range; anything else of a
        version we do not serve is a broken client, and Kafka closes."""
        if header.api_key != API_VERSIONS:
            session.close(f"API {header.api_key} version {header.api_version} is not served")
            return
        served = self._served[API_VERSIONS]
        version_0 = codec.RequestHeader(header.api_key, 0, header.correlation_id, header.client_id)
        request: Request[object] = Request(session, version_0, None)
        session.begin(request)
        request.reply(
            ApiVersionsResponse(
                error_code=int(ErrorCode.UNSUPPORTED_VERSION),
                api_keys=[
                    ApiVersion(
                        api_key=API_VERSIONS, min_version=served.advertised_min, max_version=served.max
                    )
                ],
            )
        )
