"""A child's events on their way to the parent: those of a turn together, none kept for a parent that does not read."""

from __future__ import annotations

from minikafka.history import Event, History
from minikafka.runtime.driver import Driver
from minikafka.runtime.process.channel import Channel
from minikafka.runtime.process.messages import Told
from minikafka.trace import TraceEvent


class Telling:
    """Hands on what the node tells. What finds the channel full is left out, and the next event says how much."""

    def __init__(self, driver: Driver, channel: Channel) -> None:
        self._loop = driver.loop
        self._channel = channel
        self._events: list[TraceEvent] = []
        self._lost = 0
        # The ring is the parent's; here nothing is kept.
        driver.history = History(0)
        driver.history.listen(self._hear)

    def _hear(self, event: Event) -> None:
        if self._channel.is_full:
            self._lost += 1
            return
        if not self._events:
            self._loop.call_soon(self.flush)
        told = event.told
        if self._lost:
            told = told._replace(facts={**told.facts, "events_lost_before": self._lost})
            self._lost = 0
        self._events.append(told)

    def flush(self) -> None:
        """Send what was told so far."""
        if self._events:
            events, self._events = self._events, []
            self._channel.send(Told(events))
