"""Envelope (API 58), version 0: a client's request, handed on by the broker it was sent to (KIP-590).

The frame inside is as the client sent it, header and all; its answer goes back the same way. What may be
forwarded is what only the controller decides; anything else is INVALID_REQUEST [42].
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from minikafka.broker.handlers import FORWARDED
from minikafka.broker.request import Request
from minikafka.broker.sessions import Session
from minikafka.effects import ConnectionId
from minikafka.errors import ErrorCode
from minikafka.types import Now
from minikafka.wire import codec
from minikafka.wire.messages.envelope import EnvelopeRequest, EnvelopeResponse

if TYPE_CHECKING:
    from minikafka.broker.controller_node import ControllerNode

LENGTH_BYTES: Final = 4


def handle(node: ControllerNode, request: Request[EnvelopeRequest], now: Now) -> None:
    """Unwrap, handle, wrap the answer."""
    try:
        header, body = codec.decode_request(request.body.request_data)
    except codec.DecodeError:
        request.reply(EnvelopeResponse(error_code=int(ErrorCode.UNSUPPORTED_VERSION)))
        return
    if header.api_key not in FORWARDED:
        request.reply(EnvelopeResponse(error_code=int(ErrorCode.INVALID_REQUEST)))
        return
    node.router.handle(Request(Wrapper(request), header, body), now)


class Wrapper(Session):
    """Stands in for the client's connection: an answer to the inner request is the content of the outer
    one's.
    """

    __slots__ = ("_outer",)

    def __init__(self, outer: Request[EnvelopeRequest]) -> None:
        self._outer = outer
        self.connection: ConnectionId = outer.connection
        self.client_host = bytes(outer.body.client_host_address).decode(errors="replace")
        self.internal = False

    def answer(self, request: Request[object], body: object) -> None:
        header = request.header
        frame = codec.encode_response(header.api_key, header.api_version, header.correlation_id, body)
        self._outer.reply(EnvelopeResponse(response_data=frame[LENGTH_BYTES:]))

    def answer_nothing(self, request: Request[object]) -> None:
        self._outer.reply(EnvelopeResponse(error_code=int(ErrorCode.UNKNOWN_SERVER_ERROR)))

    def close(self, why: str) -> None:
        self._outer.reply(EnvelopeResponse(error_code=int(ErrorCode.UNKNOWN_SERVER_ERROR)))
