"""Calls to other nodes. Brokers speak only Kafka RPCs to one another (ADR 0007).

A call ends exactly once: with the decoded answer, or lost. Lost means *unknown*: the other side may have carried the
request out; every caller must be safe under that.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar, NamedTuple, Protocol, TypeVar, cast

from minikafka.broker.outbox import Outbox
from minikafka.broker.timers import Timers
from minikafka.effects import CallPeer, ClosePeer, PeerLost, PeerReplied
from minikafka.types import BrokerId, Now
from minikafka.wire import codec

Reply = TypeVar("Reply")

DEFAULT_TIMEOUT_MS = 30_000
"""`request.timeout.ms` between brokers."""


class Endpoint(NamedTuple):
    """Where a node listens for its peers."""

    host: str
    port: int


class RequestMessage(Protocol):
    """Any generated request message."""

    API_KEY: ClassVar[int]


class _Call(NamedTuple):
    peer: BrokerId
    channel: str
    api_key: int
    version: int
    on_reply: Callable[[object, Now], None]
    on_lost: Callable[[str, Now], None]


class Peers:
    """Calls under way, by id."""

    def __init__(
        self, name: str, endpoint_of: Callable[[BrokerId], Endpoint | None], outbox: Outbox, timers: Timers
    ) -> None:
        """`name` is the client id sent along, so that a peer can tell who calls. `endpoint_of` gives the inter-broker
        endpoint of a node, or None while it is not known."""
        self._name = name
        self._endpoint_of = endpoint_of
        self._outbox = outbox
        self._timers = timers
        self._calls: dict[int, _Call] = {}
        self._next = 1

    def call(
        self,
        peer: BrokerId,
        body: RequestMessage,
        version: int,
        on_reply: Callable[[Reply, Now], None],
        on_lost: Callable[[str, Now], None],
        now: Now,
        *,
        channel: str = "control",
        timeout_ms: int = DEFAULT_TIMEOUT_MS,
    ) -> None:
        """Send `body` at `version`. `on_reply(response message, now)` or `on_lost(why, now)` runs in a later turn
        (`on_lost` at once when the peer's address is unknown)."""
        endpoint = self._endpoint_of(peer)
        if endpoint is None:
            on_lost(f"node {peer} has no known address", now)
            return
        call = self._next
        self._next += 1
        self._calls[call] = _Call(
            peer, channel, body.API_KEY, version, cast(Callable[[object, Now], None], on_reply), on_lost
        )
        frame = codec.encode_request(body.API_KEY, version, call & 0x7FFF_FFFF, self._name, body)
        self._outbox.put(CallPeer(call, peer, endpoint.host, endpoint.port, channel, frame))
        self._timers.set(("peer-call", call), now.monotonic_ms + timeout_ms, lambda at: self._timed_out(call, at))

    def replied(self, event: PeerReplied, now: Now) -> None:
        call = self._calls.pop(event.call, None)
        if call is None:
            return
        self._timers.cancel(("peer-call", event.call))
        try:
            _, body = codec.decode_response(call.api_key, call.version, event.frame)
        except codec.DecodeError as error:
            self._outbox.put(ClosePeer(call.peer, call.channel))
            call.on_lost(f"node {call.peer} answered something unreadable: {error}", now)
            return
        call.on_reply(body, now)

    def lost(self, event: PeerLost, now: Now) -> None:
        call = self._calls.pop(event.call, None)
        if call is not None:
            self._timers.cancel(("peer-call", event.call))
            call.on_lost(event.why, now)

    def _timed_out(self, call_id: int, now: Now) -> None:
        call = self._calls.pop(call_id, None)
        if call is not None:
            # An answer may still come; on a connection with replies in order it would belong to nobody.
            self._outbox.put(ClosePeer(call.peer, call.channel))
            call.on_lost(f"node {call.peer} did not answer in time", now)

    def close(self, peer: BrokerId, channel: str) -> None:
        """Drop the connection of this channel, for a peer known to be gone."""
        self._outbox.put(ClosePeer(peer, channel))
