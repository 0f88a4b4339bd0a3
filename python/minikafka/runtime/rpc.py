"""Requests of the supervisor's own, for what it does on behalf of its user: create a topic, set a feature.

They go over a socket like anybody's; nothing is done behind a node's back.
"""

from __future__ import annotations

import asyncio
import struct
from typing import ClassVar, Protocol

from minikafka.errors import MinikafkaError
from minikafka.wire import codec

CLIENT_ID = "minikafka-supervisor"


class RequestMessage(Protocol):
    """Any generated request message."""

    API_KEY: ClassVar[int]


async def call(host: str, port: int, request: RequestMessage, version: int) -> object:
    """Send one request on a connection of its own and return the decoded response message.

    Raises MinikafkaError when the node cannot be reached or does not answer.
    """
    try:
        reader, writer = await asyncio.open_connection(host, port)
        try:
            writer.write(codec.encode_request(request.API_KEY, version, 1, CLIENT_ID, request))
            (length,) = struct.unpack(">i", await reader.readexactly(4))
            frame = await reader.readexactly(length)
        finally:
            writer.close()
    except (OSError, asyncio.IncompleteReadError) as error:
        raise MinikafkaError(f"{host}:{port} did not answer {type(request).__name__}: {error}") from error
    _, body = codec.decode_response(request.API_KEY, version, frame)
    return body
