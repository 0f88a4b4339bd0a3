"""One node's place in the world: its ports, its directory, and one life after another."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterable
from enum import Enum
from typing import TYPE_CHECKING, Final, Generic, TypeVar

from minikafka.effects import FaultsHealed, Halt, Node, StopRequested
from minikafka.errors import MinikafkaError
from minikafka.runtime.disk import LifeDisk
from minikafka.runtime.driver import Driver
from minikafka.runtime.life import MAX_FRAME_BYTES, Life
from minikafka.runtime.saved import replace_node
from minikafka.runtime.server import Listener
from minikafka.runtime.striking import Striking
from minikafka.trace import NOBODY, Fact, Trace
from minikafka.types import BrokerId

if TYPE_CHECKING:
    from minikafka._core import Disk

N = TypeVar("N", bound=Node)
STRUCK: Final = "struck"
"""Why a life is paused at an event."""


class HostState(Enum):
    """STOPPED: never started, stopped or killed. HALTED: ended itself on a broken invariant."""

    STOPPED = "stopped"
    RUNNING = "running"
    PAUSED = "paused"
    HALTED = "halted"


class NodeHost(Generic[N]):
    """Starts, stops and kills one node. All methods run on the driver's loop."""

    def __init__(
        self,
        driver: Driver,
        node_id: BrokerId,
        listeners: list[Listener],
        disk: Disk,
        directory: str,
        build: Callable[[LifeDisk], N],
        on_halt: Callable[[NodeHost[N]], None] = lambda _host: None,
        max_frame_bytes: int = MAX_FRAME_BYTES,
        trace: Trace = NOBODY,
    ) -> None:
        """`build` makes a new node object; nothing of the one before is in it. `on_halt` hears of broken invariants."""
        self.driver = driver
        self.node_id = node_id
        self.listeners = listeners
        self.directory = directory
        self.halted: Halt | None = None
        self.error: BaseException | None = None
        self._disk = disk
        self._build = build
        self._on_halt = on_halt
        self._max_frame_bytes = max_frame_bytes
        self.trace = trace
        self._node: N | None = None
        self._life: Life | None = None
        self._life_disk = LifeDisk(disk)
        self._ended = asyncio.Event()
        self._losing: asyncio.Task[None] | None = None
        """What a power cut takes away is being taken away."""
        self.striking: Striking | None = None

    @property
    def node(self) -> N | None:
        """The living node, for looking at; None while there is none."""
        return self._node

    @property
    def state(self) -> HostState:
        if self._life is None or self._life.is_over:
            return HostState.STOPPED if self.halted is None or self.halted.clean else HostState.HALTED
        return HostState.PAUSED if self._life.was_asked_to_pause else HostState.RUNNING

    @property
    def is_alive(self) -> bool:
        return self.state in (HostState.RUNNING, HostState.PAUSED)

    async def start(self) -> None:
        """Begin a new life on the same ports and directory; recovery is the node's. No-op while alive."""
        if self.is_alive:
            return
        await self.rest()
        self.halted = self.error = None
        self._ended = asyncio.Event()
        self._life_disk = LifeDisk(self._disk)
        self._node = self._build(self._life_disk)
        life = Life(
            self.driver,
            self.node_id,
            self._node,
            self._life_ended,
            lambda: self._listen(life, internal=False),
            self._max_frame_bytes,
            self.trace,
        )
        self._life = life
        if self.striking is not None:
            self.striking.begin(life)
        self._listen(life, internal=True)
        life.start()

    def _listen(self, life: Life, *, internal: bool) -> None:
        for listener in self.listeners:
            if listener.internal == internal:
                listener.open(life)

    async def stop(self) -> None:
        """Stop cleanly and wait for the end. A paused node is resumed first; no-op while not alive."""
        if self._life is None or not self.is_alive:
            return
        self._life.resume()
        self._life.deliver(StopRequested())
        await self._ended.wait()
        await self.rest()

    def kill(self, *, politely: bool = False) -> None:
        """Process death: sockets are reset, memory is gone, files stay as they are. `politely`: sockets are closed."""
        if not politely:
            self.tell_fault("kill")
        self.die(politely=politely)

    def die(self, *, politely: bool = False) -> None:
        """The same, in the middle of a turn or not, and nobody is told of it."""
        if self._life is not None:
            self._life.end(cleanly=politely)
        self._clean_up()

    async def rest(self) -> None:
        """Wait until nothing of an ended life still touches the directory. Raises MinikafkaError when its power was cut
        at an event and the disk cannot tell what was not synced."""
        losing = self._losing
        if losing is not None:
            try:
                await losing
            finally:
                self._losing = None
        await self._quiesce()

    async def _quiesce(self) -> None:
        if self._life is not None and self._life.is_over:
            await self._life.work.rest()
        self._life_disk.close_logs()

    async def power_loss(self, seed: int | None) -> None:
        """Kill, then take away what was not on disk. Raises MinikafkaError when the disk cannot tell what was."""
        self.tell_fault("power_loss", seed=seed)
        self.lose_power(seed)
        await self.rest()

    def lose_power(self, seed: int | None) -> None:
        """The same, begun: it is dead at once, and `rest` waits for the remainder."""
        self.die()
        self._losing = self.driver.loop.create_task(self._leave_crash_image(self._losing, seed))

    async def _leave_crash_image(self, before: asyncio.Task[None] | None, seed: int | None) -> None:
        if before is not None:
            await before
        await self._quiesce()
        try:
            self._disk.power_loss(self.directory, seed)
        except ValueError as error:
            raise MinikafkaError(f"no power loss on this disk: {error}") from error

    async def put_back(self, saved: str | None, logs: Collection[str] = ()) -> None:
        """Let the directory hold what `saved` does, or nothing but empty directories for `logs`; for a node that rests.
        The disk forgets what of the old files was not synced."""
        assert not self.is_alive, "the directory of a living node is its own"
        replace_node(self.directory, saved, logs, self._disk.remove_tree)

    async def pause(self) -> None:
        """Deliver no event to it, as if its process were stopped; connections stay open."""
        self.tell_fault("pause")
        self.pause_at_once()

    def pause_at_once(self) -> None:
        """The same, in the middle of a turn or not."""
        if self._life is not None:
            self._life.pause()

    def resume(self) -> None:
        was_paused = self.state is HostState.PAUSED
        if self._life is not None:
            self._life.resume()
        if was_paused:
            self.tell_fault("resume")

    def stand_still(self) -> None:
        """In the middle of a turn or not: nothing is done until `go_on`. Not what `pause` and `resume` are about."""
        if self._life is not None:
            self._life.pause(STRUCK)

    def go_on(self) -> None:
        if self._life is not None:
            self._life.resume(STRUCK)

    def tell_fault(self, what: str, **facts: Fact) -> None:
        """What somebody does to the living node, between two turns."""
        if self.trace.on and self.is_alive:
            self.trace.begin(self.driver.now)
            self.trace.event("fault", "", what=what, **facts)
            self.driver.history.record(self.node_id, self.trace.take())

    def tell_links(self, what: str, pairs: Iterable[tuple[BrokerId, BrokerId]], **facts: Fact) -> None:
        """What somebody does to the links of which it is an end."""
        ends = [pair for pair in pairs if self.node_id in pair]
        for one, other in ends:
            self.tell_fault(what, other=other if one == self.node_id else one, **facts)

    def faults_healed(self) -> None:
        """Rules it shares are not in force any more."""
        if self._life is not None:
            self._life.deliver(FaultsHealed())

    def release(self) -> None:
        """Give the ports back. The host is of no use afterwards."""
        self.kill()
        for listener in self.listeners:
            listener.port.release()

    def descriptors(self) -> list[int]:
        """Of every socket it has."""
        listening = [descriptor for listener in self.listeners for descriptor in listener.descriptors()]
        return listening if self._life is None else listening + self._life.descriptors()

    def _life_ended(self, halt: Halt, error: BaseException | None) -> None:
        self.halted, self.error = halt, error
        self._clean_up()
        if not halt.clean:
            self._on_halt(self)

    def _clean_up(self) -> None:
        self._node = None
        for listener in self.listeners:
            listener.close()
        if self._life is not None and not self._life.work.under_way:
            self._life_disk.close_logs()
        self._ended.set()
