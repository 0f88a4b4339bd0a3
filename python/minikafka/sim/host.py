"""A machine in the simulated world: one node, its disk, its timers, its connections.

The second shell (the first is `runtime/`). It executes the same effects on a virtual clock, a virtual network and a
simulated disk below the *real* Rust log, so recovery code runs whenever a host is killed or loses power.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from random import Random
from typing import TYPE_CHECKING, Any, Final

from minikafka.effects import (
    CallPeer,
    CancelTimer,
    CloseConnection,
    ClosePeer,
    ConnectionLost,
    ConnectionOpened,
    Effect,
    Event,
    FlushCompleted,
    FlushFailed,
    Halt,
    JobDone,
    Node,
    PauseReading,
    PeerLost,
    PeerReplied,
    RequestFlush,
    RequestsReceived,
    ResumeReading,
    Send,
    ServeClients,
    SetTimer,
    StartJob,
    StopRequested,
    TimerFired,
    TimerKey,
    Traced,
)
from minikafka.log.port import Disk
from minikafka.sim.network import CLIENT, Wire
from minikafka.types import BrokerId, Buffer, Now

if TYPE_CHECKING:
    from minikafka.sim.world import World

LENGTH_BYTES: Final = 4
MIN_FLUSH_US: Final = 100
MAX_FLUSH_US: Final = 3_000
JOB_US: Final = 200
REFUSED_US: Final = 200


class _Peer:
    """An outgoing connection and the calls on it, oldest first."""

    def __init__(self, wire: Wire | None) -> None:
        self.wire = wire
        self.calls: deque[int] = deque()


class Host:
    """Runs one life of a node after another on the same disk."""

    def __init__(
        self,
        world: World,
        node_id: BrokerId,
        disk: Disk,
        make_node: Callable[[Disk, Random], Node],
        random: Random,
    ) -> None:
        self._world = world
        self.node_id = node_id
        self.disk = disk
        self._make_node = make_node
        self._random = random
        self.node: Node | None = None
        self.life = 0
        self.paused = False
        self._stopping = 0
        self.starved_us = 0
        """Lever: a processor only now and then; events wait up to this long."""
        self.slow_disk_us = 0
        """Lever: flushes and jobs take up to this much longer."""
        self.watch: Callable[[Host], None] | None = None
        """Called after every turn, with the node as it is then."""
        self.mourn: Callable[[Host, bool], None] | None = None
        """Called before a violent death, with whether unflushed bytes go too; also when it is dead already."""
        self.halted: str | None = None
        """Why the node ended itself; None when it did not, or did so cleanly."""
        self._serves_clients = False
        self._backlog: list[Event] = []
        self._timers: dict[TimerKey, int] = {}
        self._timer_sequence = 0
        self._accepted: dict[int, Wire] = {}
        self._next_connection = 1
        self._peers: dict[tuple[BrokerId, str], _Peer] = {}
        self._execute: dict[type[Any], Callable[[Any], None]] = {
            Send: self._send,
            CloseConnection: lambda effect: self._close(effect.connection),
            PauseReading: lambda effect: None,
            ResumeReading: lambda effect: None,
            CallPeer: self._call_peer,
            ClosePeer: lambda effect: self._drop_peer((effect.peer, effect.channel)),
            SetTimer: self._set_timer,
            CancelTimer: self._cancel_timer,
            RequestFlush: self._flush,
            StartJob: self._job,
            ServeClients: self._serve_clients,
            Traced: lambda effect: world.history.record(node_id, effect.events),
            Halt: self._halt,
        }

    @property
    def is_up(self) -> bool:
        return self.node is not None

    @property
    def is_stopping(self) -> bool:
        """Told to stop, and not yet gone."""
        return self.is_up and self._stopping == self.life

    # Life and death.

    def start(self) -> None:
        """A new process on whatever the disk holds."""
        assert self.node is None, f"node {self.node_id} is running"
        self.life += 1
        self.halted = None
        self._serves_clients = False
        self.node = self._make_node(self.disk, self._random)
        self._step(self.node.start)

    def kill(self) -> None:
        """D1, *kill*: memory and connections are gone, the page cache is not."""
        self._die(lost_power=False)

    def _die(self, *, lost_power: bool) -> None:
        if self.mourn is not None:
            self.mourn(self, lost_power)
        self._vanish()

    def _vanish(self) -> None:
        self.node = None
        self.paused = False
        self._backlog.clear()
        self._timers.clear()
        self._accepted.clear()
        self._peers.clear()
        self._world.network.drop_node(self.node_id)

    def power_loss(self, seed: int | None) -> None:
        """D1, *power loss*: what was not fsynced is gone or torn."""
        self._die(lost_power=True)
        self._world.lose_power(self, seed)

    def stop(self) -> None:
        """D1, *stop*: ends in a clean halt."""
        self._stopping = self.life
        self.deliver(StopRequested())

    def pause(self) -> None:
        """The process gets no processor; its connections stay open."""
        self.paused = True

    def resume(self) -> None:
        self.paused = False
        backlog, self._backlog = self._backlog, []
        if self.node is not None and backlog:
            self._turn(backlog)

    def ask(self, decide: Callable[[Now], None]) -> None:
        """Let `decide` use the node, as an event would, and carry out what follows."""
        if self.node is not None:
            decide(self._world.clock.now())
            self._turn([])

    # Events in.

    def deliver(self, event: Event) -> None:
        if self.node is None:
            return
        if self.paused or self._backlog:
            self._backlog.append(event)
        elif self.starved_us:
            self._backlog.append(event)
            wait_us = self._random.randint(0, self.starved_us)
            self._world.clock.after(wait_us, self._in_this_life(self._unless_paused))
        else:
            self._turn([event])

    def _unless_paused(self) -> None:
        if not self.paused:
            self.resume()

    def _turn(self, events: list[Event]) -> None:
        node = self.node
        if node is not None:
            self._step(lambda now: node.turn(events, now))

    def _step(self, step: Callable[[Now], list[Effect]]) -> None:
        """As the other shell does it: a failure of the disk that nobody caught ends the process."""
        try:
            effects = step(self._world.clock.now())
        except OSError as error:
            self.halted = f"{type(error).__name__}: {error}"
            self._vanish()
            return
        self._run(effects)
        if self.watch is not None and self.node is not None:
            self.watch(self)

    def _in_this_life(self, run: Callable[[], None]) -> Callable[[], None]:
        life = self.life

        def unless_dead() -> None:
            if self.life == life and self.node is not None:
                run()

        return unless_dead

    # Effects out.

    def _run(self, effects: list[Effect]) -> None:
        for effect in effects:
            if self.node is None:
                return
            self._execute[type(effect)](effect)

    def accept(
        self, opener: BrokerId, to_opener: Callable[[Buffer], None], broken: Callable[[], None]
    ) -> Wire | None:
        """Somebody connects. None when nobody listens, to clients or at all."""
        if self.node is None or (opener == CLIENT and not self._serves_clients):
            return None
        connection = self._next_connection
        self._next_connection += 1
        life = self.life

        def received(frame: Buffer) -> None:
            if self.life == life:
                self.deliver(RequestsReceived(connection, [frame]))

        def lost() -> None:
            if self.life == life and self._accepted.pop(connection, None) is not None:
                self.deliver(ConnectionLost(connection))

        wire = Wire(self._world.network, opener, self.node_id, to_opener, received, broken, lost)
        self._world.network.add(wire)
        self._accepted[connection] = wire
        self.deliver(ConnectionOpened(connection, f"node-{opener}", opener >= 0))
        return wire

    def _serve_clients(self, effect: ServeClients) -> None:
        self._serves_clients = True

    def _send(self, effect: Send) -> None:
        wire = self._accepted.get(effect.connection)
        if wire is not None:
            wire.send(effect.data[LENGTH_BYTES:], to_b=False)
            if effect.answers and not self._world.network.is_cut((self.node_id, wire.a)):
                self._world.left(self.node_id, effect.answers)

    def _close(self, connection: int) -> None:
        wire = self._accepted.pop(connection, None)
        if wire is not None:
            wire.break_()

    def _call_peer(self, effect: CallPeer) -> None:
        key = (effect.peer, effect.channel)
        peer = self._peers.get(key)
        if peer is None:
            peer = self._connect(key)
            if peer is None:
                lost = PeerLost(effect.call, "connection refused")
                self._world.clock.after(REFUSED_US, self._in_this_life(lambda: self.deliver(lost)))
                return
        peer.calls.append(effect.call)
        if peer.wire is not None:
            peer.wire.send(effect.frame[LENGTH_BYTES:], to_b=True)

    def _connect(self, key: tuple[BrokerId, str]) -> _Peer | None:
        peer = _Peer(None)
        life = self.life

        def replied(frame: Buffer) -> None:
            if self.life == life and peer.calls:
                self.deliver(PeerReplied(peer.calls.popleft(), frame))

        def broken() -> None:
            if self.life == life:
                if self._peers.get(key) is peer:
                    del self._peers[key]
                self._lose_calls(peer)

        network = self._world.network
        if network.reaches(self.node_id, key[0]):
            peer.wire = self._world.hosts[key[0]].accept(self.node_id, replied, broken)
            if peer.wire is None:
                return None
        else:
            # Across a cut link connecting hangs until the link heals or somebody gives up: a wire that nobody took up.
            peer.wire = Wire(network, self.node_id, key[0], replied, _nobody, broken, _nobody)
            network.add(peer.wire)
        self._peers[key] = peer
        return peer

    def _drop_peer(self, key: tuple[BrokerId, str]) -> None:
        peer = self._peers.pop(key, None)
        if peer is not None and peer.wire is not None:
            peer.wire.break_()

    def _lose_calls(self, peer: _Peer) -> None:
        while peer.calls:
            self.deliver(PeerLost(peer.calls.popleft(), "connection lost"))

    def _set_timer(self, effect: SetTimer) -> None:
        self._timer_sequence += 1
        sequence = self._timers[effect.key] = self._timer_sequence

        def fire() -> None:
            if self._timers.get(effect.key) == sequence:
                del self._timers[effect.key]
                self.deliver(TimerFired(effect.key))

        self._world.clock.at(effect.deadline_ms * 1000, self._in_this_life(fire))

    def _cancel_timer(self, effect: CancelTimer) -> None:
        self._timers.pop(effect.key, None)

    def _flush(self, effect: RequestFlush) -> None:
        def flush() -> None:
            try:
                recovery_point = effect.log.flush()
            except OSError as error:
                self.deliver(FlushFailed(effect.partition, str(error)))
            else:
                self.deliver(FlushCompleted(effect.partition, recovery_point))

        delay = self._random.randint(MIN_FLUSH_US, MAX_FLUSH_US + self.slow_disk_us)
        self._world.clock.after(delay, self._in_this_life(flush))

    def _job(self, effect: StartJob) -> None:
        def work() -> None:
            try:
                done = JobDone(effect.job, effect.work(), None)
            except OSError as error:
                done = JobDone(effect.job, None, str(error))
            # Death may come in between: the work was done and nobody heard of it.
            self._world.clock.after(JOB_US, self._in_this_life(lambda: self.deliver(done)))

        self._world.clock.after(JOB_US + self.slow_disk_us, self._in_this_life(work))

    def _halt(self, effect: Halt) -> None:
        self.halted = None if effect.clean else effect.why
        self._vanish()


def _nobody(*_: object) -> None:
    """The end of a connection that was never accepted."""
