"""Server-sent events: everything kept behind a `seq`, then whatever is told, without a gap between.

    id: 17
    data: {"seq": 17, "t_ms": 1203, "broker": 2, "n": 4, "kind": "isr", ...}

A listener has a bounded queue, for the brokers wait for nobody. One that falls behind by more is told so in a comment
and disconnected; it comes back with `Last-Event-ID` and goes on where it was, as far as the ring still reaches. Where
events are gone for good the stream says so with an event named `gap`.
"""

from __future__ import annotations

import asyncio
import json
from typing import Final, NamedTuple

from minikafka.admin.route import Send
from minikafka.admin.scope import Scope
from minikafka.history import Event
from minikafka.trace import Fact
from minikafka.types import BrokerId

EVENT_STREAM: Final = "text/event-stream"
QUEUE_EVENTS: Final = 20_000
"""How far a listener may fall behind."""
SENT_AT_ONCE: Final = 500
"""Events put into one write; in between the brokers get their turn."""
SILENCE_S: Final = 15.0
"""After so long without an event a comment is sent, so that both sides know that the other is there."""


class Wanted(NamedTuple):
    """Which events a listener wants; None: any."""

    kinds: frozenset[str] | None = None
    brokers: frozenset[BrokerId] | None = None
    topic: str | None = None
    partition: int | None = None

    def takes(self, event: Event) -> bool:
        return (
            (self.kinds is None or event.kind in self.kinds)
            and (self.brokers is None or event.broker in self.brokers)
            and self.topic in (None, _topic(event))
            and self.partition in (None, event.partition)
        )


def _topic(event: Event) -> Fact:
    """What is created or deleted has no partition yet, or no longer."""
    return event.get("name") if event.kind == "topic" else event.topic


class EventStream:
    """One listener."""

    def __init__(self, scope: Scope, after: int | None, wanted: Wanted) -> None:
        self._scope = scope
        self._after = after
        self._wanted = wanted
        self._queue: list[Event] = []
        self._arrived = asyncio.Event()
        self._is_behind = False

    async def run(self, send: Send) -> None:
        """Until cancelled, or too far behind."""
        # From here to the first await nothing is told, so the queue begins where what is kept ends.
        end = self._scope.listen(self._hear)
        try:
            last = self._scope.history.last_seq
            kept = [] if self._after is None else self._scope.history.events(after=self._after)
            await send(f": events follow; the last so far is {last}\n\n".encode() + self._gap(kept, last))
            await self._send([event for event in kept if self._wanted.takes(event)], send)
            while not self._is_behind:
                await self._send_queue(send)
            await send(
                b": dropped: you read too slowly; connect again with Last-Event-ID to go on where you were\n\n"
            )
        finally:
            end()

    def _gap(self, kept: list[Event], last: int) -> bytes:
        """Said when what was asked for begins before what is kept, or was numbered by an earlier process."""
        if self._after is None or (self._after == last and not kept):
            return b""
        oldest = kept[0].seq if kept else last + 1
        if 0 < self._after == oldest - 1 or (self._after == 0 and oldest <= 1):
            return b""
        return f"event: gap\ndata: {json.dumps({'after': self._after, 'oldest': oldest})}\n\n".encode()

    def _hear(self, event: Event) -> None:
        if not self._wanted.takes(event) or self._is_behind:
            return
        if len(self._queue) >= QUEUE_EVENTS:
            self._is_behind = True
        else:
            self._queue.append(event)
        self._arrived.set()

    async def _send_queue(self, send: Send) -> None:
        try:
            async with asyncio.timeout(SILENCE_S):
                await self._arrived.wait()
        except TimeoutError:
            await send(b": still here\n\n")
            return
        self._arrived.clear()
        queue, self._queue = self._queue, []
        await self._send(queue, send)

    async def _send(self, events: list[Event], send: Send) -> None:
        for begin in range(0, len(events), SENT_AT_ONCE):
            some = events[begin : begin + SENT_AT_ONCE]
            await send("".join(f"id: {one.seq}\ndata: {one.as_json()}\n\n" for one in some).encode())
            await asyncio.sleep(0)
