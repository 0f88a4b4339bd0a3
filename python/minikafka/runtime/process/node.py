"""One node in a child process, as its parent handles it. Satisfies `control.port.HostedNode`."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Collection
from contextlib import suppress
from typing import Any, Final, Protocol, TypeVar

from minikafka.effects import Halt
from minikafka.errors import MinikafkaError
from minikafka.faults.actions import Kill, Pause, PowerLoss
from minikafka.faults.book import Armed
from minikafka.runtime.control.plain import from_plain
from minikafka.runtime.control.port import HostedNode
from minikafka.runtime.control.views import NodeView, Question, narrowed
from minikafka.runtime.host import HostState
from minikafka.runtime.plan import NodePlan
from minikafka.runtime.process import messages
from minikafka.runtime.process.ballot import Ballot
from minikafka.runtime.process.channel import Channel
from minikafka.runtime.process.timeline import ChildTimeline
from minikafka.runtime.process.watches import Watches
from minikafka.runtime.saved import replace_node
from minikafka.trace import TraceEvent
from minikafka.types import BrokerId, Offset

A = TypeVar("A")

BEGIN_TIMEOUT_S: Final = 60.0
"""For a process to start, open its listeners and recover its logs."""
ANSWER_TIMEOUT_S: Final = 10.0
"""For an answer of a child that may have been stopped by somebody else."""
LEAVE_TIMEOUT_S: Final = 5.0
"""For a child to go by itself before it is killed."""


class Book(Protocol):
    """Fault rules as their children ask for them, by number."""

    def strikes(self, number: int) -> Armed | None:
        """The rule, if it strikes now."""

    def fired(self, number: int, times: int) -> None:
        """The child's disk struck."""

    def called(self, node: ChildNode, message: messages.Called) -> None:
        """The child stands still until a function has run."""


class ChildNode:
    """Dead or alive; the port and the directory are kept for it by the parent."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        plan: NodePlan,
        seed: int | None,
        book: Book,
        on_told: Callable[[ChildNode, list[TraceEvent]], None],
        on_change: Callable[[], None],
        on_halt: Callable[[HostedNode], None],
        before_start: Callable[[], list[messages.ToChild]],
        wall_shift_ms: Callable[[], int],
    ) -> None:
        """`book`: counts fault rules. `before_start`: what is to hold from a life's first moment.
        `wall_shift_ms`: by how much wall time is ahead of the machine's, now."""
        self.node_id = plan.node
        self.directory = plan.directory
        self.halted: Halt | None = None
        self.error: BaseException | None = None
        self._loop = loop
        self._plan = plan
        self._seed = seed
        self._book = book
        self._on_told = on_told
        self._on_change = on_change
        self._on_halt = on_halt
        self._before_start = before_start
        self._wall_shift_ms = wall_shift_ms
        self.timeline = ChildTimeline(self)
        self._lives = 0
        self._last_n = 0
        self._last_t_ms = 0
        self._tells = plan.trace
        self._process: subprocess.Popen[bytes] | None = None
        self._channel: Channel | None = None
        self._ballot: Ballot | None = None
        self._paused: NodeView | None = None
        self._is_paused = False
        self._watches = Watches(self._send)
        self._waiting: dict[type[Any], asyncio.Future[Any]] = {}
        self._ended = asyncio.Event()
        self._ended.set()
        self._died_hard = False
        """The last life ended with something unsynced that only the dead process knew of."""
        self._is_dying = False
        """A rule struck it dead; its process still has a moment to live."""
        self._keeps_crash_image = False
        """Its power was cut at an event, and it left behind what a power cut leaves."""

    # Its life.

    @property
    def pid(self) -> int | None:
        return None if self._process is None else self._process.pid

    @property
    def state(self) -> HostState:
        if self.is_alive:
            return HostState.PAUSED if self._is_paused else HostState.RUNNING
        return HostState.STOPPED if self.halted is None or self.halted.clean else HostState.HALTED

    @property
    def is_alive(self) -> bool:
        return self._process is not None and not self._is_dying

    async def start(self) -> None:
        """A new process on the same ports and directory. Raises MinikafkaError when it cannot be that node."""
        if self.is_alive:
            return
        await self.rest()
        self.halted = None
        self._lives += 1
        self._keeps_crash_image = False
        self._ended.clear()
        self._spawn()
        seed = None if self._seed is None else f"{self._seed}/{self.node_id}/{self._lives}"
        plan = self._plan._replace(trace=self._tells)
        for message in (
            messages.Begin(plan, seed, self._last_n, self._wall_shift_ms()),
            *self._before_start(),
            *self._watches.all(),
        ):
            self._send(message)
        begun: messages.Begun | None = await self._ask(messages.Start(), messages.Begun, BEGIN_TIMEOUT_S)
        if begun is not None and begun.error is not None:
            self.kill()
            raise MinikafkaError(f"node {self.node_id} cannot start: {begun.error}")
        if begun is None and self.pid is not None:
            self.kill()
            raise MinikafkaError(f"node {self.node_id} did not start within {BEGIN_TIMEOUT_S:g} s")

    def _spawn(self) -> None:
        ours, theirs = socket.socketpair()
        our_ballot, their_ballot = socket.socketpair()
        with theirs, their_ballot:
            numbers = (theirs.fileno(), their_ballot.fileno())
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "minikafka.runtime.process.child", *map(str, numbers)],
                pass_fds=numbers,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
            )
        self._channel = Channel(self._loop, ours, self._heard, self._gone)
        self._ballot = Ballot(self._loop, our_ballot, self._strikes_now)

    async def stop(self) -> None:
        """Stop cleanly and wait for the end. A paused node is resumed first; no-op while not alive."""
        if self.is_alive:
            self.resume()
            self._send(messages.Stop())
            await self._ended.wait()

    def kill(self, *, politely: bool = False) -> None:
        """SIGKILL. `politely`: connections are closed after what was sent; `rest` waits for that."""
        if not self.is_alive:
            return
        if politely and not self._is_paused:
            self._send(messages.Leave())
            return
        self._died_hard = True
        if self._tells:
            # A process that is killed says nothing of it.
            self._last_n += 1
            killed = TraceEvent(self._last_n, self._last_t_ms, "fault", "", None, None, {"what": "kill"})
            self._on_told(self, [killed])
        self._end()

    async def rest(self) -> None:
        """Wait until the process has ended."""
        if self._process is not None:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._ended.wait(), LEAVE_TIMEOUT_S)
            self._end()

    async def power_loss(self, seed: int | None) -> None:
        """The process leaves the crash image itself, because only it knows what was synced.

        Raises MinikafkaError when it died before without saying.
        """
        if not self._plan.tracked:
            raise MinikafkaError("no power loss on this disk: it does not remember what was synced")
        if not self.is_alive:
            await self.rest()
            if self._died_hard:
                raise MinikafkaError(
                    f"node {self.node_id} is dead, and what it had not synced was known to its process alone: "
                    "cut the power of a living one"
                )
            return
        self.resume()
        lost: messages.PowerLost | None = await self._ask(
            messages.PowerLoss(seed), messages.PowerLost, BEGIN_TIMEOUT_S
        )
        self._end()
        self._died_hard = lost is None
        if lost is None or lost.error is not None:
            why = "it died before" if lost is None else lost.error
            raise MinikafkaError(f"no power loss of node {self.node_id}: {why}")

    async def pause(self) -> None:
        """SIGSTOP, right after the node said how everything stands: until it goes on, that is the answer."""
        if not self.is_alive or self._is_paused:
            return
        frozen: messages.Frozen | None = await self._ask(messages.Freeze(), messages.Frozen, ANSWER_TIMEOUT_S)
        if self._process is not None:
            self._paused = None if frozen is None else frozen.view
            self._is_paused = True
            if frozen is None:
                os.kill(self._process.pid, signal.SIGSTOP)
            _wait_until_stopped(self._process.pid)
            self._on_change()

    def resume(self) -> None:
        """SIGCONT."""
        if self._process is not None and self._is_paused:
            # It may have been struck, and be about to stop.
            _wait_until_stopped(self._process.pid)
            self._is_paused = False
            self._paused = None
            os.kill(self._process.pid, signal.SIGCONT)

    # What is seen of it.

    async def watch(self, question: Question) -> None:
        first = self._watches.add(question, is_answered=self.is_alive and not self._is_paused)
        if first is not None:
            with suppress(TimeoutError):
                await asyncio.wait_for(asyncio.shield(first), ANSWER_TIMEOUT_S)

    def seen(self, question: Question) -> NodeView | None:
        """While it is paused: out of what it said last."""
        if self._is_paused and self._paused is not None:
            return narrowed(self._paused, question)
        return self._watches.seen(question) if self.is_alive else None

    def unwatch(self, question: Question) -> None:
        self._watches.remove(question)

    @property
    def tells(self) -> bool:
        return self._tells

    def tell(self, *, on: bool) -> None:
        self._tells = on
        self._send(messages.Tell(on))

    def read_metadata_from(self, offset: Offset) -> None:
        self._plan = self._plan._replace(metadata_from=offset)

    async def take_back(self, offset: Offset, brokers: tuple[BrokerId, ...]) -> None:
        self._send(messages.TakeBack(offset, list(brokers)))
        await self.sync()

    async def put_back(self, saved: str | None, logs: Collection[str] = ()) -> None:
        assert not self.is_alive, "the directory of a living node is its own"
        replace_node(self.directory, saved, logs, lambda _: None)  # the disk's memory went with the process
        self._died_hard = False

    async def hold_metadata(self, *, held: bool) -> None:
        self._send(messages.HoldMetadata(held))
        await self.sync()

    def descriptors(self) -> list[int]:
        ends = [end for end in (self._channel, self._ballot) if end is not None]
        return [number for end in ends if (number := end.descriptor()) >= 0]

    # The channel.

    def send(self, message: messages.ToChild) -> None:
        """Say it to a living child; a later life hears of what is to last by `before_start`."""
        self._send(message)

    async def sync(self) -> None:
        """Return once everything said before is done, or the child is dead or paused."""
        if self.is_alive and not self._is_paused:
            await self._ask(messages.Sync(self._lives), messages.Synced, ANSWER_TIMEOUT_S)

    def _send(self, message: messages.ToChild) -> None:
        if self._channel is not None:
            self._channel.send(message)

    async def ask(self, message: messages.ToChild, answer: type[A]) -> A | None:
        """Its answer; None when it is dead, paused, or ends before it answers."""
        if not self.is_alive or self._is_paused:
            return None
        found: A | None = await self._ask(message, answer, ANSWER_TIMEOUT_S)
        return found

    async def _ask(self, message: messages.ToChild, answer: type[Any], timeout_s: float) -> Any:
        """Send, and wait for the next `answer`; None when the child ends, or the time is up."""
        waiting = self._waiting.get(answer)
        if waiting is None:
            waiting = self._waiting[answer] = self._loop.create_future()
        self._send(message)
        try:
            return await asyncio.wait_for(asyncio.shield(waiting), timeout_s)
        except TimeoutError:
            return None

    def _heard(self, plain: Any) -> None:
        message = from_plain(messages.ToParent, plain)
        if isinstance(message, messages.Seen):
            self._watches.take(message.watch, message.view)
            self._on_change()
        elif isinstance(message, messages.Told):
            self._last_n, self._last_t_ms = message.events[-1].n, message.events[-1].t_ms
            self._on_told(self, message.events)
        elif isinstance(message, messages.Ended):
            self.halted = Halt(message.why, message.clean)
        elif isinstance(message, messages.Called):
            self._book.called(self, message)
        elif isinstance(message, messages.Fired):
            self._book.fired(message.number, message.times)
            self._on_change()
        else:
            self._take_answer(message)

    def _take_answer(self, message: Any) -> None:
        if isinstance(message, messages.Frozen) and self._is_paused:
            self._paused = message.view
            self._on_change()
        if isinstance(message, messages.PowerLost) and self._is_dying:
            self._keeps_crash_image = message.error is None
        self._answered(type(message), message)

    def _strikes_now(self, number: int) -> int:
        """What it is struck by counts from the moment it is told so: it is dead, or stands still."""
        armed = self._book.strikes(number)
        if armed is None:
            return 0
        self._is_dying = isinstance(armed.rule.then, Kill | PowerLoss)
        self._is_paused = self._is_paused or isinstance(armed.rule.then, Pause)
        self._on_change()
        return armed.fired

    def _answered(self, kind: type[Any], message: Any) -> None:
        waiting = self._waiting.pop(kind, None)
        if waiting is not None and not waiting.done():
            waiting.set_result(message)

    def _gone(self) -> None:
        """The other end of the channel closed: the process ends, or has."""
        was_told = self.halted is not None or messages.PowerLost in self._waiting
        status = self._end()
        if not was_told and status is not None and status > 0:
            self.halted = Halt(f"its process ended with status {status}", clean=False)
        self._died_hard = not self._keeps_crash_image and (self.halted is None or not self.halted.clean)
        if self.halted is not None and not self.halted.clean:
            self._on_halt(self)
            self._on_change()

    def _end(self) -> int | None:
        """Make sure that the process is gone, and forget everything of it. Returns its exit status."""
        process, self._process = self._process, None
        if process is None:
            return None
        if self._channel is not None and self._channel.is_open:
            process.kill()
        status = process.wait()
        for end in (self._channel, self._ballot):
            if end is not None:
                end.close()
        self._channel = self._ballot = None
        self._is_paused = self._is_dying = False
        self._paused = None
        self._watches.forget_answers()
        for kind in list(self._waiting):
            self._answered(kind, None)
        self._ended.set()
        self._on_change()
        return status


def _wait_until_stopped(pid: int) -> None:
    """A matter of microseconds: the signal is under way."""
    os.waitid(os.P_PID, pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)
