"""One life of a node: from start to stop, kill or halt. Its events in, its effects out.

Whatever still runs when a life ends (an fsync, a job, a connection being made) reports to a life that is over and is
heard by nobody, as with a process that died.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final

from minikafka.effects import (
    CallPeer,
    CancelTimer,
    CloseConnection,
    ClosePeer,
    ConnectionId,
    Effect,
    Event,
    Halt,
    Node,
    PauseReading,
    RequestFlush,
    ResumeReading,
    Send,
    ServeClients,
    SetTimer,
    StartJob,
    TimerFired,
    Traced,
)
from minikafka.runtime.alarms import Alarms
from minikafka.runtime.connection import Stopped
from minikafka.runtime.peer import PeerPool
from minikafka.runtime.timers import Firing
from minikafka.runtime.work import Work
from minikafka.trace import NOBODY, Events, Trace, TraceEvent
from minikafka.types import BrokerId, Now

if TYPE_CHECKING:
    from minikafka.runtime.driver import Driver
    from minikafka.runtime.server import ServedConnection

MAX_FRAME_BYTES: Final = 100 << 20
"""Kafka's `socket.request.max.bytes`, for answers between nodes too."""
ASKED: Final = "asked"
"""Why a life is paused, unless something else is said."""


class Life:
    """Runs one node until it ends. `on_end(halt)` is called once if the node asks to go, or breaks; `serve_clients()`
    when it is ready for them."""

    def __init__(
        self,
        driver: Driver,
        node_id: BrokerId,
        node: Node,
        on_end: Callable[[Halt, BaseException | None], None],
        serve_clients: Callable[[], None],
        max_frame_bytes: int = MAX_FRAME_BYTES,
        trace: Trace = NOBODY,
    ) -> None:
        self.trace = trace
        self.driver = driver
        self.node_id = node_id
        self.node = node
        self.max_frame_bytes = max_frame_bytes
        self.is_over = False
        self._pauses: set[str] = set()
        self._stands = False
        """Over or paused."""
        self.connections: dict[ConnectionId, ServedConnection] = {}
        self.peers = PeerPool(self)
        self.alarms = Alarms()
        self.work = Work(driver, self.deliver, self._broke)
        self._events: list[Event] = []
        self._unfinished: list[Effect] = []
        """What is left of a turn in the middle of which the life was paused."""
        self._on_end = on_end
        self.on_events: Callable[[Sequence[TraceEvent]], None] | None = None
        """Hears what a turn told before anything it decided is done; may end the life, or pause it."""
        self.after_turn: Callable[[], None] | None = None
        self._paused_at_ms = 0
        self._execute: dict[type[Any], Callable[[Any], None]] = {
            Send: self._send,
            SetTimer: lambda effect: self.alarms.set(effect.key, effect.deadline_ms),
            CancelTimer: lambda effect: self.alarms.cancel(effect.key),
            CallPeer: self.peers.call,
            ClosePeer: lambda effect: self.peers.close(effect.peer, effect.channel),
            RequestFlush: lambda effect: driver.flushing.request(self, effect),
            StartJob: self.work.start_job,
            ServeClients: lambda effect: serve_clients(),
            CloseConnection: self._close_connection,
            PauseReading: self._pause_reading,
            ResumeReading: self._resume_reading,
            Traced: self._traced,
            Halt: self._halt,
        }

    # Events in.

    def start(self) -> None:
        """Start the node, in a turn of its own."""
        self.driver.read_time()
        self.driver.lives.append(self)
        self._run(self.node.start)
        self.driver.look_at_timers()
        self.driver.open_turn()

    def deliver(self, event: Event) -> None:
        """Hand `event` to the node at the end of this turn, or once it is no longer paused."""
        if not self.is_over:
            self._events.append(event)
            self.driver.open_turn()

    def has_work(self, now: Now, firing: Firing) -> bool:
        """Whether there are events, or timers due at `now` of the driver and of those that fire."""
        if self._events or self._unfinished:
            return not self.is_paused
        return self.alarms.are_due(now, firing)

    def run_turn(self, firing: Firing) -> None:
        """Give the node what is ready, due timers last."""
        if self._unfinished:
            unfinished, self._unfinished = self._unfinished, []
            self._carry_out(unfinished)
            if self._stands:
                return
        events, self._events = self._events, []
        events.extend(map(TimerFired, self.alarms.take_due(self.driver.now, firing)))
        self._run(lambda now: self.node.turn(events, now))

    def _run(self, step: Callable[[Now], list[Effect]]) -> None:
        now = self.driver.now
        if self.alarms.lost_ms:
            now = now._replace(monotonic_ms=now.monotonic_ms - self.alarms.lost_ms)
        try:
            effects = step(now)
        except Exception as error:  # noqa: BLE001 - whatever it is, an invariant is broken and this node must not go on
            self._broke(error)
            return
        self._carry_out(effects)
        if self.after_turn is not None:
            self.after_turn()
        self.alarms.look(stands=self._stands)

    def _carry_out(self, effects: list[Effect]) -> None:
        execute = self._execute
        for done, effect in enumerate(effects, 1):
            execute[type(effect)](effect)
            if self._stands:
                if not self.is_over:
                    self._unfinished = effects[done:]
                break

    def descriptors(self) -> list[int]:
        """Of every connection, accepted or made."""
        connections = (*self.connections.values(), *self.peers.connections())
        return [descriptor for one in connections if (descriptor := one.descriptor()) is not None]

    # The levers.

    @property
    def is_paused(self) -> bool:
        return bool(self._pauses)

    @property
    def was_asked_to_pause(self) -> bool:
        return ASKED in self._pauses

    def pause(self, why: str = ASKED) -> None:
        """Deliver nothing until `resume`; connections stay open and are not read. In the middle of a turn: nothing
        else that it decided is done before."""
        was_paused = self.is_paused
        self._pauses.add(why)
        if not was_paused:
            self._stands = True
            self._paused_at_ms = self.driver.now.monotonic_ms
            for connection in self.connections.values():
                connection.stop_reading(Stopped.NODE_PAUSED)
            self.peers.stop_reading(Stopped.NODE_PAUSED)
            self.alarms.look(stands=self._stands)
            self.driver.look_at_timers()

    def resume(self, why: str = ASKED) -> None:
        """Go on, unless it stands still for another reason too."""
        was_paused = self.is_paused
        self._pauses.discard(why)
        if was_paused and not self.is_paused:
            self.driver.open_turn()
            self.alarms.lost_ms += self.driver.read_time().monotonic_ms - self._paused_at_ms
            self._stands = self.is_over
            for connection in self.connections.values():
                connection.resume_reading(Stopped.NODE_PAUSED)
            self.peers.resume_reading(Stopped.NODE_PAUSED)
            self.alarms.look(stands=self._stands)
            self.driver.look_at_timers()

    def end(self, *, cleanly: bool = False) -> None:
        """Over at once, and nobody is told. Connections are reset, or closed after what was sent if `cleanly`."""
        if self.is_over:
            return
        self.is_over = self._stands = True
        self.alarms.look(stands=True)
        self._events.clear()
        self._unfinished.clear()
        self.driver.lives.remove(self)
        self.driver.look_at_timers()
        connections, self.connections = self.connections, {}
        for connection in connections.values():
            self.driver.links.leave(connection)
            if cleanly:
                connection.leave()
            else:
                connection.drop()
        self.peers.drop_all()

    def left(self, answers: list[int]) -> None:
        """The kernel has the bytes of these answers: from here on a client may know."""
        if self.trace.on:
            self.trace.event("left", "L14", None, answers[0], acks=answers)
            self._told(self.trace.take())

    def _traced(self, effect: Traced) -> None:
        self.driver.history.record(self.node_id, effect.events)
        if self.on_events is not None:
            self.on_events(effect.events)

    def _told(self, events: Events) -> None:
        self.driver.history.record(self.node_id, events)
        if self.on_events is not None:
            self.on_events(events)

    # Effects out.

    def _send(self, effect: Send) -> None:
        connection = self.connections.get(effect.connection)
        if connection is not None:
            connection.send(effect.data)
            if effect.answers:
                connection.answers += effect.answers

    def _close_connection(self, effect: CloseConnection) -> None:
        connection = self.connections.get(effect.connection)
        if connection is not None:
            connection.close()

    def _pause_reading(self, effect: PauseReading) -> None:
        connection = self.connections.get(effect.connection)
        if connection is not None:
            connection.stop_reading(Stopped.NODE_ASKED)

    def _resume_reading(self, effect: ResumeReading) -> None:
        connection = self.connections.get(effect.connection)
        if connection is not None:
            connection.resume_reading(Stopped.NODE_ASKED)

    def _halt(self, effect: Halt) -> None:
        self._end(effect, None)

    def _broke(self, error: BaseException) -> None:
        """Whatever it is, an invariant does not hold, and this node must not go on."""
        self._end(Halt(f"{type(error).__name__}: {error}", clean=False), error)

    def _end(self, halt: Halt, error: BaseException | None) -> None:
        if not self.is_over:
            self.end(cleanly=halt.clean)
            self._on_end(halt, error)
