"""Which topics a consumer's metadata subscribes to.

The broker treats member metadata as opaque bytes (the embedded protocol is the clients' affair, G9) with one
exception: offsets of topics a live group subscribes to neither expire nor may be deleted (G10, G11), so it reads the
part every version of ConsumerProtocolSubscription starts with: int16 version, then an array of topic names.
"""

from __future__ import annotations

import struct
from typing import Final

CONSUMER_PROTOCOL_TYPE: Final = "consumer"


def subscribed_topics(metadata: bytes) -> list[str] | None:
    """Topic names, or None when the bytes are no consumer subscription."""
    topics: list[str] = []
    try:
        _version, count = struct.unpack_from(">hi", metadata)
        position = 6
        for _ in range(count):
            (length,) = struct.unpack_from(">h", metadata, position)
            position += 2
            if length < 0 or position + length > len(metadata):
                return None
            topics.append(metadata[position : position + length].decode())
            position += length
    except (struct.error, UnicodeDecodeError):
        return None
    return topics
