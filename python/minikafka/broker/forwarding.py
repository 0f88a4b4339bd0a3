"""Requests the controller answers, asked of a broker: wrapped in an Envelope and handed on (KIP-590).

The client's frame travels as it came, so the controller sees the version the client spoke and the answer needs no
translation; only the correlation id is the broker's to keep. A lost answer is the client's to retry: its request
may have been carried out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from minikafka.broker.refusal import refusal
from minikafka.broker.request import Request
from minikafka.errors import ErrorCode
from minikafka.types import CONTROLLER_ID, Now
from minikafka.wire import codec
from minikafka.wire.messages.envelope import EnvelopeRequest, EnvelopeResponse

if TYPE_CHECKING:
    from minikafka.broker.broker import Broker

VERSION: Final = 0
LENGTH_BYTES: Final = 4
CHANNEL: Final = "forward"


def handle(broker: Broker, request: Request[object], now: Now) -> None:
    """Forward, and answer what the controller answers."""
    header = request.header
    frame = codec.encode_request(
        header.api_key, header.api_version, header.correlation_id, header.client_id, request.body
    )
    envelope = EnvelopeRequest(
        request_data=frame[LENGTH_BYTES:],
        request_principal=None,
        client_host_address=request.client_host.encode(),
    )

    def replied(response: EnvelopeResponse, at: Now) -> None:
        if response.error_code != ErrorCode.NONE or response.response_data is None:
            _refuse(request, ErrorCode(response.error_code))
            return
        _, body = codec.decode_response(header.api_key, header.api_version, response.response_data)
        request.reply(body)

    def lost(why: str, at: Now) -> None:
        _refuse(request, ErrorCode.NOT_CONTROLLER)

    broker.peers.call(CONTROLLER_ID, envelope, VERSION, replied, lost, now, channel=CHANNEL)


def _refuse(request: Request[object], code: ErrorCode) -> None:
    answer = refusal(request.api_version, request.body, code)
    if answer is None:
        request.close(f"the controller could not be asked: {code.name}")
    else:
        request.reply(answer)
