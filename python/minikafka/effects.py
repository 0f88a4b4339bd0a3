"""The whole vocabulary between a node and its shell (ADR 0001).

A node (broker or controller) is a machine: `node.turn(events, now) -> list[Effect]`, where `events` are all those the
shell found ready at once: what they cause together (waking parked fetches, one reply write per connection) is done
once, at the end of the turn. A node never waits, never looks at a clock, a socket or a thread. Two shells drive the
same node: `runtime/` (asyncio and the operating system) and `sim/` (virtual clock, network and disk).

Events come in; effects go out. Disk is split by what an operation *is*: append, read and small truncations are calls
through the log port (page-cache speed); durability is an event (`RequestFlush` -> `FlushCompleted` | `FlushFailed`);
what may take long (`StartJob` -> `JobDone`) runs on a worker.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from minikafka.trace import Events
from minikafka.types import CLIENT_LISTENER, BrokerId, Buffer, Now, Offset, TopicPartition

ConnectionId: TypeAlias = int
"""Names one accepted connection for the life of a node; never reused."""

TimerKey: TypeAlias = tuple[str, ...] | tuple[str | int, ...]
"""Names one timer; setting it again moves it."""


# Events: what a node is told.


@dataclass(slots=True)
class ConnectionOpened:
    """A client or a peer connected. `internal` is true on the listener that brokers keep for one another. `listener`:
    whose addresses it is told (R19)."""

    connection: ConnectionId
    client_host: str
    internal: bool
    listener: str = CLIENT_LISTENER


@dataclass(slots=True)
class ConnectionLost:
    """The connection is gone; replies to it are dropped from now on."""

    connection: ConnectionId


@dataclass(slots=True)
class RequestsReceived:
    """Complete frames (without their length) of one connection, those that one read brought, in order."""

    connection: ConnectionId
    frames: list[Buffer]


@dataclass(slots=True)
class TimerFired:
    """A timer that `SetTimer` asked for is due."""

    key: TimerKey


@dataclass(slots=True)
class FlushCompleted:
    """Everything of this partition below `recovery_point` (exclusive) is on disk."""

    partition: TopicPartition
    recovery_point: Offset


@dataclass(slots=True)
class FlushFailed:
    """An fsync failed. It is never retried: the log is offline from now on (style rule 9)."""

    partition: TopicPartition
    why: str


@dataclass(slots=True)
class PeerReplied:
    """The answer frame (without its length) to the `CallPeer` of this id."""

    call: int
    frame: Buffer


@dataclass(slots=True)
class PeerLost:
    """No answer will come: the connection could not be made, or broke. The request may have been carried out."""

    call: int
    why: str


@dataclass(slots=True)
class JobDone:
    """The job of this id ended; `error` is None when it succeeded."""

    job: int
    result: object
    error: str | None


@dataclass(slots=True)
class StopRequested:
    """Stop cleanly: flush, hand leadership over, then ask for `Halt(clean=True)`."""


@dataclass(slots=True)
class FaultsHealed:
    """Fault rules are not in force any more: what they kept may go on."""


@dataclass(slots=True)
class TakenBack:
    """To the controller: a test put the directories of all brokers back to what they were when the metadata log ended
    with the record at `offset` (inclusive), and is going to start `brokers`."""

    offset: Offset
    brokers: tuple[BrokerId, ...]


Event: TypeAlias = (
    ConnectionOpened
    | ConnectionLost
    | RequestsReceived
    | TimerFired
    | FlushCompleted
    | FlushFailed
    | PeerReplied
    | PeerLost
    | JobDone
    | StopRequested
    | FaultsHealed
    | TakenBack
)


class Node(Protocol):
    """What a shell drives."""

    def start(self, now: Now) -> list[Effect]:
        """Once, before any event: open logs (recovering them), set timers, call the controller."""

    def turn(self, events: Iterable[Event], now: Now) -> list[Effect]:
        """Handle what is ready, in order, then settle what it caused. Never raises but on a broken invariant."""


# Effects: what a node asks for.


@dataclass(slots=True)
class Send:
    """Bytes for one connection, length prefix included. The shell writes all of one turn together.

    answers: trace events that these bytes tell a client of; once they are handed to the kernel the shell tells `left`.
    """

    connection: ConnectionId
    data: Buffer
    answers: Sequence[int] = ()


@dataclass(slots=True)
class CloseConnection:
    """Close after everything sent before has left."""

    connection: ConnectionId


@dataclass(slots=True)
class PauseReading:
    """Read no more from this connection until `ResumeReading`: it has enough requests waiting (or is throttled)."""

    connection: ConnectionId


@dataclass(slots=True)
class ResumeReading:
    """Read from this connection again."""

    connection: ConnectionId


@dataclass(slots=True)
class CallPeer:
    """Send one request frame (length prefix and header included) to another node; exactly one of `PeerReplied`
    and `PeerLost` comes back. `channel` separates streams that must not wait for one another (a long-polling
    fetch and a heartbeat, say): one connection per (peer, channel), replies in request order on each."""

    call: int
    peer: BrokerId
    host: str
    port: int
    channel: str
    frame: bytes


@dataclass(slots=True)
class ClosePeer:
    """Drop the connection of this (peer, channel); calls under way end in `PeerLost`."""

    peer: BrokerId
    channel: str


@dataclass(slots=True)
class SetTimer:
    """Deliver `TimerFired(key)` once `now.monotonic_ms >= deadline_ms`; for a request that waits, and whose key says so
    (`broker/timer_kinds.py`), once `now.waiting_ms` is."""

    key: TimerKey
    deadline_ms: int


@dataclass(slots=True)
class CancelTimer:
    """Forget the timer, if it is set."""

    key: TimerKey


class Flushable(Protocol):
    """A log, as far as a flush is concerned; the shells know the rest of it."""

    def flush(self) -> Offset:
        """fsync what is dirty; return the new recovery point. Blocks."""


@dataclass(slots=True)
class RequestFlush:
    """Put this partition's log on disk, with group commit; answered by `FlushCompleted` or `FlushFailed`."""

    partition: TopicPartition
    log: Flushable


@dataclass(slots=True)
class StartJob:
    """Run `work` off the loop; it must touch nothing of the node. Answered by `JobDone(job, result)`."""

    job: int
    name: str
    work: Callable[[], object]


@dataclass(slots=True)
class ServeClients:
    """Let clients connect from now on; until this, once a life, they are refused. Nodes may at any time."""


@dataclass(slots=True)
class Traced:
    """What the node did in this turn and why, while its trace is on; comes before the turn's other effects."""

    events: Events


@dataclass(slots=True)
class Halt:
    """A broken invariant, or a broker told to go. `clean` means: state is flushed, the process may end with 0."""

    why: str
    clean: bool


Effect: TypeAlias = (
    Send
    | CloseConnection
    | PauseReading
    | ResumeReading
    | CallPeer
    | ClosePeer
    | SetTimer
    | CancelTimer
    | RequestFlush
    | StartJob
    | ServeClients
    | Traced
    | Halt
)
