"""One group in the simulated world: its processes, and what becomes of them while it lives.

crash      a process dies, and comes back after a while: before its session ends, or after
leave      it says goodbye, and comes back
hang       its processing takes too long (heartbeats go on)
freeze     it gets no processor, wakes up and goes on: a zombie, if it was missed
replace    another process is started in its place while it is frozen, under its instance id if it has one (G8, G15)
"""

from __future__ import annotations

from collections.abc import Mapping
from random import Random
from typing import TYPE_CHECKING, Final

from minikafka.sim.checker.group_history import GroupHistory
from minikafka.sim.checker.group_log import GroupLog
from minikafka.sim.members.base import Timers
from minikafka.sim.nemesis import TOPIC
from minikafka.sim.worker import CONSUMER, COOPERATIVE, EAGER, Job, Worker
from minikafka.types import Offset, TopicPartition

if TYPE_CHECKING:
    from minikafka.sim.swarm import Settings
    from minikafka.sim.world import World

MIXED: Final = "mixed"
KINDS: Final = (EAGER, COOPERATIVE, CONSUMER, MIXED)
TIMERS: Final = Timers(heartbeat_ms=300, session_ms=3_000, rebalance_ms=3_000)
QUIET_MS: Final = (100, 1_500)
TROUBLE_MS: Final = (50, 7_000)
SHADOW_MS: Final = 1_000
"""How long one that was replaced lives on once it wakes up."""
ACTIONS: Final = ("crash", "crash", "leave", "hang", "freeze", "freeze", "replace", "replace")


class Process:
    """A place in the group, and who fills it: one life after another. shadows: lives that were replaced."""

    def __init__(self, world: World, job: Job, history: GroupHistory) -> None:
        self._world = world
        self.job = job
        self._history = history
        self._lives = 0
        self.worker: Worker | None = None
        self.shadows: list[Worker] = []

    def start(self) -> None:
        """Once more, unless it runs."""
        if self.worker is not None and self.worker.is_running:
            return
        self.replace()

    def replace(self) -> None:
        """A new life, whatever the one before does."""
        if self.worker is not None:
            self.shadows.append(self.worker)
        self._lives += 1
        name = f"{self.job.name}.{self._lives}"
        self.worker = Worker(self._world, self.job, self._lives, self._history, self._world.fork(name))
        self.worker.run()

    @property
    def workers(self) -> list[Worker]:
        return [*self.shadows, *([] if self.worker is None else [self.worker])]


class Group:
    """See the module. log: what its coordinator wrote of it."""

    def __init__(
        self, world: World, kind: str, settings: Settings, history: GroupHistory, log: GroupLog
    ) -> None:
        self._world = world
        self._kind = kind
        self.group_id = f"{kind}-group"
        self.log = log
        self._history = history
        self._random: Random = world.fork(self.group_id)
        self._churn = settings.churn
        self._has_static_members = settings.static_members > 0
        self._has_newcomer = False
        self._is_over = False
        self._hanging: Worker | None = None
        self._processes = [
            self._process(index, is_static=index < settings.static_members)
            for index in range(settings.members)
        ]

    def _process(self, index: int, *, is_static: bool = False) -> Process:
        protocol = self._kind
        if protocol == MIXED:
            protocol = (COOPERATIVE, CONSUMER)[index % 2]
        name = f"{self._kind}-{index}"
        job = Job(name, self.group_id, protocol, TOPIC, TIMERS, f"instance-{index}" if is_static else None)
        return Process(self._world, job, self._history)

    def begin(self) -> None:
        """Each when it gets to it."""
        for process in self._processes:
            self._world.clock.after(self._random.randint(0, 1_000_000), process.start)
        self._next()

    # Coming and going.

    def _next(self) -> None:
        if self._churn <= 0 or self._is_over:
            return
        self._churn -= 1
        process = self._random.choice(self._processes)
        action = self._random.choice(ACTIONS)
        lasts_ms = self._random.randint(*TROUBLE_MS)

        def strike() -> None:
            if not self._is_over:
                self._strike(process, action, lasts_ms)
                self._next()

        self._world.clock.after(self._random.randint(*QUIET_MS) * 1_000, strike)

    def _strike(self, process: Process, action: str, lasts_ms: int) -> None:
        worker = process.worker
        if worker is None or not worker.is_running:
            return
        if action == "crash":
            worker.crash()
        elif action == "leave":
            worker.leave()
        elif action == "hang":
            worker.hang(lasts_ms)
        else:
            worker.freeze(lasts_ms)
        if action == "replace":
            process.replace()
            self._world.clock.after((lasts_ms + SHADOW_MS) * 1_000, worker.crash)
        elif action in ("crash", "leave"):
            self._world.clock.after(lasts_ms * 1_000, process.start)

    # The epilogue.

    def bring_everybody_back(self) -> None:
        """No more harm is done, and every place is filled (`_running`); what was done goes on for a while yet."""
        self._is_over = True

    def hang_one_and_add_one(self, for_ms: int) -> None:
        """The first hangs; the newcomer is the last."""
        self._hanging = self._processes[0].worker
        if self._hanging is not None:
            self._hanging.hang(for_ms)
        newcomer = self._process(len(self._processes))
        self._processes.append(newcomer)
        self._has_newcomer = True
        newcomer.start()

    def end(self) -> None:
        for process in self._processes:
            for worker in process.workers:
                worker.note_everything()

    def has_let_in(self) -> bool:
        """Whoever does not hang is a member at rest."""
        return all(self._is_at_rest(worker) for worker in self._running() if worker is not self._hanging)

    def has_settled(self, ends: Mapping[TopicPartition, Offset]) -> bool:
        """Everybody is a member at rest, nobody else is one, everything is somebody's, and committed to the end.

        A cooperative group may leave a partition without an owner between two rounds (G9). If the second round never
        comes about, because the coordinator lost it and static members came back in its stead, who take over what the
        first round gave them without a rebalance (G8), it stays so until somebody joins; in Kafka too.
        """
        running = self._running()
        if len(running) < len(self._processes) or len(self.log.now.members) != len(running):
            return False
        if any(shadow.is_running for process in self._processes for shadow in process.shadows):
            return False
        if not all(self._is_at_rest(worker) for worker in running):
            return False
        if self._kind == COOPERATIVE and self._has_static_members and not self._has_newcomer:
            return True
        owned = [partition for worker in running for partition in worker.member.owned]
        return sorted(owned) == sorted(ends) and all(
            max(self.log.offset_of(partition), 0) == end for partition, end in ends.items()
        )

    def _running(self) -> list[Worker]:
        for process in self._processes:
            process.start()
        return [process.worker for process in self._processes if process.worker is not None]

    def _is_at_rest(self, worker: Worker) -> bool:
        """What the coordinator has committed of it is what it lives by."""
        view = self.log.now.members.get(worker.member.member_id)
        if view is None or view.revoking or view.is_waiting:
            return False
        return view.epoch == worker.member.epoch and view.assigned == worker.member.owned

    @property
    def state(self) -> str:
        """For a report."""
        view = self.log.now
        members = {name: (each.epoch, sorted(each.assigned)) for name, each in sorted(view.members.items())}
        clients = {
            worker.member.member_id: (worker.member.epoch, sorted(worker.member.owned), worker.is_running)
            for worker in self._running()
        }
        return f"log: epoch {view.epoch}, {members}; clients: {clients}"

    @property
    def violations(self) -> list[str]:
        return [
            found for process in self._processes for worker in process.workers for found in worker.violations
        ]
