"""Calls to other nodes. Brokers speak only Kafka RPCs to one another (ADR 0007).

A call ends exactly once: with the decoded answer, or lost. Lost means *unknown*: the other side may have carried the
request out; every caller must be safe under that.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from typing import ClassVar, Final, NamedTuple, Protocol, TypeVar, cast

from minikafka.broker.outbox import Outbox
from minikafka.broker.timers import Timers
from minikafka.effects import CallPeer, ClosePeer, PeerLost, PeerReplied
from minikafka.types import BrokerId, Now
from minikafka.wire import codec

Reply = TypeVar("Reply")

DEFAULT_TIMEOUT_MS = 30_000
"""`request.timeout.ms` between brokers."""


SLACK: Final = 256
"""Deadlines of ended calls that are kept before they are swept out."""


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
        # (deadline, call): one timer for the first of them, because almost every call is answered long before.
        self._deadlines: list[tuple[int, int]] = []
        self._armed_ms: int | None = None
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
        self._keep_deadline(now.monotonic_ms + timeout_ms, call)

    def replied(self, event: PeerReplied, now: Now) -> None:
        call = self._calls.pop(event.call, None)
        if call is None:
            return
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
            call.on_lost(event.why, now)

    def _keep_deadline(self, deadline_ms: int, call: int) -> None:
        heapq.heappush(self._deadlines, (deadline_ms, call))
        if len(self._deadlines) > 2 * len(self._calls) + SLACK:
            self._deadlines = [entry for entry in self._deadlines if entry[1] in self._calls]
            heapq.heapify(self._deadlines)
        self._arm()

    def _arm(self) -> None:
        """Ask to be woken at the earliest deadline; a call that ended meanwhile does no harm there."""
        if self._deadlines and (self._armed_ms is None or self._deadlines[0][0] < self._armed_ms):
            self._armed_ms = self._deadlines[0][0]
            self._timers.set(("peers", "deadline"), self._armed_ms, self._woken)

    def _woken(self, now: Now) -> None:
        self._armed_ms = None
        while self._deadlines and self._deadlines[0][0] <= now.monotonic_ms:
            self._timed_out(heapq.heappop(self._deadlines)[1], now)
        self._arm()

    def _timed_out(self, call_id: int, now: Now) -> None:
        call = self._calls.pop(call_id, None)
        if call is not None:
            # An answer may still come; on a connection with replies in order it would belong to nobody.
            self._outbox.put(ClosePeer(call.peer, call.channel))
            call.on_lost(f"node {call.peer} did not answer in time", now)

    def close(self, peer: BrokerId, channel: str) -> None:
        """Drop the connection of this channel, for a peer known to be gone."""
        self._outbox.put(ClosePeer(peer, channel))
