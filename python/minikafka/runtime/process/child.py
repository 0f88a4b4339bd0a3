"""A child process: one node on a loop of its own, steered by its parent.

    python -P -m minikafka.runtime.process.child CHANNEL BALLOT

The arguments are inherited descriptors. The parent speaks first: `Begin`, whatever is to hold from the first moment
(cuts, rules, watches), `Start`.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
import socket
import sys
from typing import Any, Final

from minikafka._core import Disk
from minikafka.errors import MinikafkaError
from minikafka.faults.book import Armed, Rules
from minikafka.runtime.control.plain import from_plain
from minikafka.runtime.control.port import HostedNode
from minikafka.runtime.control.views import EVERYTHING, NodeView, Question
from minikafka.runtime.driver import Driver
from minikafka.runtime.embedded import EmbeddedNode, Place
from minikafka.runtime.loop import TurnLoop
from minikafka.runtime.ports import Port
from minikafka.runtime.process import messages
from minikafka.runtime.process.ballot import CountedByParent
from minikafka.runtime.process.channel import Channel
from minikafka.runtime.process.orphan import die_with_parent
from minikafka.runtime.process.telling import Telling
from minikafka.runtime.timeline import DriverTimeline
from minikafka.runtime.tuning import calm_collector, raise_file_limit
from minikafka.trace import Trace, TraceEvent

ORPHANED: Final = 1


class Child:
    """What the process does with each message. Runs on the loop."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, control: socket.socket, ballot: socket.socket
    ) -> None:
        self._ballot = ballot
        self._driver = Driver(loop)
        self._rules = Rules()
        self._by_number: dict[int, Armed] = {}
        self._watched: dict[int, tuple[Question, NodeView | None]] = {}
        self._ports: list[Port] = []
        self._node: EmbeddedNode | None = None
        self._trace = Trace()
        self._over = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        # Without a parent there is nobody to be a broker for.
        self._channel = Channel(loop, control, self._heard, lambda: os._exit(ORPHANED), self._push)
        self._telling = Telling(self._driver, self._channel)
        self._timeline = DriverTimeline(self._driver)
        self._driver.watchers.append(self._push)
        self._do: dict[type[Any], Any] = {
            messages.Begin: self._begin,
            messages.Start: lambda _: self._in_background(self._start()),
            messages.Stop: lambda _: self._in_background(self._stop()),
            messages.Leave: lambda _: self._in_background(self._leave()),
            messages.Freeze: lambda _: self._freeze_as_asked(),
            messages.PowerLoss: lambda message: self._in_background(self._power_loss(message.seed)),
            messages.Watch: self._watch,
            messages.Unwatch: lambda message: self._watched.pop(message.watch, None),
            messages.Cut: self._cut,
            messages.Delay: self._delay,
            messages.Heal: lambda _: self._heal(),
            messages.AddRule: self._add_rule,
            messages.RemoveRule: self._remove_rule,
            messages.Tell: self._tell,
            messages.GoOn: lambda _: self._living.go_on(),
            messages.HoldMetadata: lambda message: self._in_background(
                self._living.hold_metadata(held=message.held)
            ),
            messages.TakeBack: lambda message: self._in_background(
                self._living.take_back(message.offset, tuple(message.brokers))
            ),
            messages.StopClock: lambda _: self._in_background(self._timeline.freeze()),
            messages.StartClock: lambda _: self._in_background(self._timeline.resume()),
            messages.StepClock: lambda message: self._in_background(
                self._timeline.step(message.by_ms, keep_members=message.keep_members)
            ),
            messages.ShiftWall: lambda message: self._driver.clock.shift_wall(message.by_ms),
            messages.Speak: lambda _: self._in_background(self._timeline.speak()),
            messages.Judge: lambda _: self._in_background(self._timeline.judge()),
            messages.AskStand: lambda message: self._in_background(self._stand(message.keep_members)),
            messages.AskTime: lambda _: self._in_background(self._time()),
            messages.Sync: lambda message: self._channel.send(messages.Synced(message.number)),
        }

    async def run(self) -> None:
        """Until the node has ended, however it did."""
        await self._over.wait()
        await self._driver.close()
        for port in self._ports:
            port.release()
        self._telling.flush()
        self._channel.flush()
        self._channel.close()

    def _heard(self, plain: Any) -> None:
        message = from_plain(messages.ToChild, plain)
        self._do[type(message)](message)

    @property
    def _living(self) -> EmbeddedNode:
        assert self._node is not None, "the parent speaks of a node it did not begin"
        return self._node

    def _in_background(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # The node's life.

    def _begin(self, message: messages.Begin) -> None:
        plan = message.plan
        self._driver.clock.shift_wall(message.wall_shift_ms)
        self._trace = Trace(on=plan.trace, after=message.trace_after)
        try:
            self._ports = [Port(*address) for address in plan.addresses]
            self._node = EmbeddedNode(
                self._driver,
                Place(plan, self._ports),
                Disk.tracked(real_sync=plan.real_sync) if plan.tracked else Disk.os(),
                _uuids(message.seed),
                self._rules,
                self._halted,
                self._trace,
                self,
            )
        except MinikafkaError as error:
            self._channel.send(messages.Begun(str(error)))
            self._over.set()

    async def _start(self) -> None:
        if self._node is None:
            return
        try:
            await self._node.start()
        except (MinikafkaError, OSError) as error:
            self._channel.send(messages.Begun(str(error)))
            self._over.set()
            return
        calm_collector()
        if self._node.is_alive:
            self._channel.send(messages.Begun(None))

    async def _stop(self) -> None:
        await self._living.stop()
        halted = self._living.halted
        if halted is None or halted.clean:
            self._channel.send(messages.Ended("stopped" if halted is None else halted.why, clean=True))
            self._over.set()

    async def _leave(self) -> None:
        self._living.kill(politely=True)
        await self._living.rest()
        self._over.set()

    def _freeze_as_asked(self) -> None:
        self._living.tell_fault("pause")
        self._freeze()
        self._living.tell_fault("resume")

    def _freeze(self) -> None:
        self._telling.flush()
        self._channel.send(messages.Frozen(self._living.seen(EVERYTHING)))
        self._channel.flush()
        os.kill(os.getpid(), signal.SIGSTOP)

    async def _power_loss(self, seed: int | None) -> None:
        try:
            await self._living.power_loss(seed)
            error = None
        except (MinikafkaError, OSError) as failure:
            error = str(failure)
        self._channel.send(messages.PowerLost(error))
        self._over.set()

    def _halted(self, node: HostedNode) -> None:
        why = "" if node.halted is None else node.halted.why
        self._telling.flush()
        self._channel.send(messages.Ended(why, clean=False))
        self._over.set()

    # Its clock. These run in the order they came: none but the answers waits for anything.

    async def _stand(self, keep_members: bool) -> None:
        stand = await self._timeline.stand(keep_members=keep_members)
        # What happened up to here is known before the answer is.
        self._telling.flush()
        self._channel.send(messages.Standing(stand))

    async def _time(self) -> None:
        self._channel.send(messages.TimeIs(await self._timeline.now()))

    # What the parent sees.

    def _watch(self, message: messages.Watch) -> None:
        view = None if self._node is None else self._node.seen(message.question)
        self._watched[message.watch] = (message.question, view)
        self._channel.send(messages.Seen(message.watch, view))

    def _push(self) -> None:
        """After each turn: what changed of what is watched."""
        if self._channel.is_full or self._node is None:
            return
        for watch, (question, before) in self._watched.items():
            view = self._node.seen(question)
            if view != before:
                self._watched[watch] = (question, view)
                self._channel.send(messages.Seen(watch, view))

    # Faults.

    def _add_rule(self, message: messages.AddRule) -> None:
        armed = CountedByParent(message.rule, message.number, message.fired, self._ballot)
        self._by_number[message.number] = self._rules.put(armed)
        if self._node is not None:
            self._node.striking.arm(armed)

    def _remove_rule(self, message: messages.RemoveRule) -> None:
        armed = self._by_number.pop(message.number, None)
        if armed is not None:
            self._rules.remove(armed)
            if self._node is not None:
                self._node.striking.disarm(armed)
                self._node.faults_healed()

    # What is done at an event (`striking.Deeds`): to this process, in the middle of a turn.

    def kill(self) -> None:
        self._say_last_words()
        os.kill(os.getpid(), signal.SIGKILL)

    def lose_power(self, seed: int | None) -> None:
        self._say_last_words()
        self._living.die()
        self._in_background(self._power_loss(seed))

    def pause(self) -> None:
        self._freeze()

    def call(self, armed: Armed, event: TraceEvent) -> None:
        self._living.stand_still()
        self._telling.flush()
        self._channel.send(messages.Called(armed.number, event))

    def count(self, armed: Armed, times: int) -> None:
        armed.fired += times
        self._channel.send(messages.Fired(armed.number, times))

    def _say_last_words(self) -> None:
        self._telling.flush()
        self._channel.flush()

    def _cut(self, message: messages.Cut) -> None:
        self._driver.links.cut(message.pairs)
        if self._node is not None:
            self._node.tell_links("cut", message.pairs)

    def _delay(self, message: messages.Delay) -> None:
        self._driver.links.delay(message.pairs, message.ms)
        if self._node is not None:
            self._node.tell_links("delay", message.pairs, ms=message.ms)

    def _heal(self) -> None:
        self._driver.links.heal()
        if self._node is not None:
            self._node.tell_fault("heal")

    def _tell(self, message: messages.Tell) -> None:
        self._trace.on = message.on


def _uuids(seed: str | None) -> Any:
    if seed is None:
        return lambda: os.urandom(16)
    generator = random.Random(seed)
    return lambda: generator.randbytes(16)


async def _run(control: socket.socket, ballot: socket.socket) -> None:
    await Child(asyncio.get_running_loop(), control, ballot).run()


def main(arguments: list[str]) -> int:
    """Run until the node ends; the exit status is 0 however it did, because the parent has been told."""
    die_with_parent()
    # An interrupt at the terminal goes to every process of the group; the parent decides what it means.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    raise_file_limit()
    control, ballot = (socket.socket(fileno=int(number)) for number in arguments)
    with asyncio.Runner(loop_factory=TurnLoop) as runner:
        runner.run(_run(control, ballot))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
