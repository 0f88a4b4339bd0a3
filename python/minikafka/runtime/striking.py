"""Fault rules about one node's events and one node's disk.

An event is struck when its turn has been decided and nothing of it has been done yet: the node has run, what it
appended is in its logs, the events are told, and neither an answer nor a request nor an fsync of that turn has left.
So "kill the leader at its append" kills it before any follower or producer can have heard of that append, every time.
What else came in the same turn (a second batch of the same read, say) is in the logs as well.

A disk fails where it is used, on whatever thread that is; what it did is looked at after each turn.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol

from minikafka.faults.actions import (
    Call,
    DiskFull,
    FailFsync,
    Kill,
    Pause,
    PowerLoss,
    SlowDisk,
    action_name,
    subject_of,
)
from minikafka.faults.book import Armed
from minikafka.trace import TraceEvent

if TYPE_CHECKING:
    from minikafka._core import Disk
    from minikafka.runtime.host import NodeHost
    from minikafka.runtime.life import Life


class Deeds(Protocol):
    """What can be done to the node that is struck, at once. It matters what its process is."""

    def kill(self) -> None:
        """Process death, before anything else of this turn is done."""

    def lose_power(self, seed: int | None) -> None:
        """The same; and what was not on disk is gone before the next life."""

    def pause(self) -> None:
        """Stand still, before anything else of this turn is done."""

    def call(self, armed: Armed, event: TraceEvent) -> None:
        """Stand still until the function of this rule has returned."""

    def count(self, armed: Armed, times: int) -> None:
        """The disk struck so many more times."""


class Striking:
    """The rules about one node. Runs on the driver's loop."""

    def __init__(self, host: NodeHost[Any], disk: Disk, deeds: Deeds) -> None:
        self._host = host
        self._disk = disk
        self._deeds = deeds
        self._life: Life | None = None
        self._events: list[Armed] = []
        self._disks: list[Armed] = []
        self._told: dict[int, int] = {}
        """By rule: strikes of the disk that were told."""

    def begin(self, life: Life) -> None:
        """A new life; the rules stay."""
        self._life = life
        self._attend()

    def arm(self, armed: Armed) -> None:
        """In force from now on, if it is about this node's events or disk."""
        if armed.rule.match.broker not in (None, self._host.node_id):
            return
        subject = subject_of(armed.rule.then)
        if subject == "disk":
            self._plant(armed)
        elif subject == "event":
            self._events.append(armed)
            # An event that nobody tells strikes nobody.
            self._host.trace.on = True
        self._attend()

    def disarm(self, armed: Armed) -> None:
        """No more of it; what it did stays done."""
        self._events = [one for one in self._events if one.number != armed.number]
        if armed in self._disks:
            self._look_at_disk()
            self._disks.remove(armed)
            self._told.pop(armed.number)
            self._disk.heal(armed.number)
        self._attend()

    def _attend(self) -> None:
        if self._life is not None:
            self._life.on_events = self._heard if self._events else None
            self._life.after_turn = self._look_at_disk if self._disks else None

    # Events.

    def _heard(self, events: Sequence[TraceEvent]) -> None:
        for event in events:
            for armed in tuple(self._events):
                if armed.rule.match.is_event(self._host.node_id, event) and armed.strikes():
                    self._tell(armed, event)
                    self._strike(armed, event)
                    if self._life is None or self._life.is_over:
                        return

    def _strike(self, armed: Armed, event: TraceEvent) -> None:
        match armed.rule.then:
            case Kill():
                self._deeds.kill()
            case PowerLoss(seed):
                self._deeds.lose_power(seed)
            case Pause():
                self._deeds.pause()
            case Call():
                self._deeds.call(armed, event)
            case other:
                raise AssertionError(f"{other} is nothing that happens at an event")

    # The disk.

    def _plant(self, armed: Armed) -> None:
        rule, when = armed.rule, armed.rule.when
        directory = self._host.directory
        path = (
            directory
            if rule.match.topic is None
            else f"{directory}/{rule.match.topic}-{rule.match.partition}"
        )
        skip, times = (when.skip, when.times) if when.nth is None else (when.nth - 1, 1)
        if armed.fired:
            # It struck in an earlier life, whose process knew.
            skip, times = 0, None if times is None else max(0, times - armed.fired)
        match rule.then:
            case FailFsync():
                self._disk.plant(armed.number, path, "fail_sync", skip=skip, times=times)
            case DiskFull(after_bytes):
                self._disk.plant(armed.number, path, "full", amount=after_bytes)
            case SlowDisk(ms):
                self._disk.plant(armed.number, path, "slow_sync", amount=ms, skip=skip, times=times)
                # Whoever shares the threads that sync would have to wait for this disk as well.
                self._host.driver.flushing.separate(self._host.node_id)
            case other:
                raise AssertionError(f"{other} is nothing that happens to a disk")
        self._disks.append(armed)
        self._told[armed.number] = 0

    def _look_at_disk(self) -> None:
        for armed in self._disks:
            more = self._disk.struck(armed.number) - self._told[armed.number]
            if more:
                self._told[armed.number] += more
                self._deeds.count(armed, more)
                self._tell(armed, None)

    def _tell(self, armed: Armed, event: TraceEvent | None) -> None:
        trace = self._host.trace
        if trace.on:
            trace.event(
                "fault",
                "",
                None if event is None else event.partition,
                None if event is None else event.n,
                fault=armed.rule.id,
                what=action_name(armed.rule.then),
                fired=armed.fired,
            )
            self._host.driver.history.record(self._host.node_id, trace.take())
