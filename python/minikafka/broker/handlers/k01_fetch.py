"""Fetch (API 1), versions 4 to 18, for consumers and for followers alike.

v4 isolation level. v5 log start offset. v7 sessions (KIP-227, F10).
v9 leader epochs. v11 rack (KIP-392). v12 flexible, truncation on fetch (F9). v13 topic ids. v15 the follower's id moved
into `replica_state`, with its broker epoch (KIP-903). v16 endpoints of new leaders (KIP-951). v18 the fetcher's high
watermark (KIP-1166, of use to the metadata log only).

A follower's fetch at offset o is its acknowledgement of everything below o (R1). Reading and waiting live in
`FetchCall`, sessions in `fetch_sessions.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from minikafka.broker.fetch_call import FetchCall
from minikafka.broker.request import Request
from minikafka.types import Now
from minikafka.wire.messages.fetch import FetchRequest

if TYPE_CHECKING:
    from minikafka.broker.broker import Broker


def handle(broker: Broker, request: Request[FetchRequest], now: Now) -> None:
    """Answer at once if there is something to say (F4), otherwise wait."""
    FetchCall(broker, request).begin(now)
