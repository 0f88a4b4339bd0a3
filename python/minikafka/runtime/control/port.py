"""What a cluster asks of one of its nodes, and of the place where they run: the seam itself."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from minikafka.effects import Halt
from minikafka.faults.book import Armed
from minikafka.faults.rule import Rule
from minikafka.history import History
from minikafka.runtime.calls import AtEvent
from minikafka.runtime.control.time import Timeline
from minikafka.runtime.control.views import NodeView, Question
from minikafka.runtime.host import HostState
from minikafka.types import BrokerId, Offset


class HostedNode(Protocol):
    """One node, dead or alive."""

    @property
    def node_id(self) -> BrokerId: ...
    @property
    def directory(self) -> str: ...
    @property
    def pid(self) -> int | None:
        """Of the process it lives in; None while it has none of its own or of ours."""

    @property
    def state(self) -> HostState: ...
    @property
    def is_alive(self) -> bool: ...
    @property
    def halted(self) -> Halt | None:
        """How it ended itself, if it did."""

    @property
    def error(self) -> BaseException | None:
        """The exception behind `halted`, where this process has it."""

    # Its life.

    async def start(self) -> None:
        """A new life on the same ports and directory; recovery is the node's. No-op while alive."""

    async def stop(self) -> None:
        """Stop cleanly and wait for the end. No-op while not alive."""

    def kill(self, *, politely: bool = False) -> None:
        """Process death: sockets are reset, memory is gone, files stay. `politely`: connections are closed."""

    async def rest(self) -> None:
        """Wait until nothing of an ended life still touches the directory."""

    async def power_loss(self, seed: int | None) -> None:
        """End its life and take away what was not on disk. Raises MinikafkaError when nobody knows what was."""

    async def pause(self) -> None:
        """Let it stand still, its connections open."""

    def resume(self) -> None:
        """Go on where it was paused; its broker time stood still."""

    # Its files.

    async def put_back(self, saved: str | None, logs: Collection[str] = ()) -> None:
        """While it is dead: let its directory hold what `saved` does, or nothing but empty directories for `logs`. What
        was put back counts as on disk."""

    def read_metadata_from(self, offset: Offset) -> None:
        """A broker only: from its next life on."""

    async def take_back(self, offset: Offset, brokers: tuple[BrokerId, ...]) -> None:
        """The controller only: see `effects.TakenBack`. Returns once it will do so before anything else."""

    # What is seen of it.

    async def watch(self, question: Question) -> None:
        """From now on `seen(question)` is up to date after each of its turns."""

    def seen(self, question: Question) -> NodeView | None:
        """The newest answer to a question that is watched; None while it is dead."""

    def unwatch(self, question: Question) -> None:
        """Once for each `watch`."""

    @property
    def tells(self) -> bool:
        """Whether what happens is told."""

    def tell(self, *, on: bool) -> None:
        """Tell what happens from now on, or no longer."""

    # What it tells clients.

    async def hold_metadata(self, *, held: bool) -> None:
        """R19: let what a broker tells clients of the cluster stand still, or go on. Its next life begins without."""

    def descriptors(self) -> list[int]:
        """Of every socket that this process holds for it."""


class RuleBook(Protocol):
    """Fault rules in force at every node."""

    @property
    def in_force(self) -> list[Armed]:
        """Oldest first, each with how often it struck so far."""

    async def add(self, rule: Rule, call: AtEvent | None = None) -> Armed:
        """In force everywhere when this returns; the one returned counts. `call`: the function of a `Call`.

        Raises ConfigError for an id in force, and for what could never strike here.
        """

    async def remove(self, armed: Armed) -> None:
        """Heal it: what it kept goes on. No-op when it is not in force."""

    async def clear(self) -> None:
        """Heal all."""


class Hosting(Protocol):
    """Where the nodes of one cluster run."""

    @property
    def controller(self) -> HostedNode: ...
    @property
    def brokers(self) -> Mapping[BrokerId, HostedNode]: ...
    @property
    def rules(self) -> RuleBook: ...
    @property
    def watchers(self) -> list[Callable[[], None]]:
        """Called after whatever may have changed an answer."""

    @property
    def halted(self) -> list[HostedNode]:
        """Those that ended themselves on a broken invariant, oldest first."""

    @property
    def history(self) -> History:
        """What all nodes told, in the order it arrived."""

    async def cut(self, pairs: Iterable[tuple[BrokerId, BrokerId]]) -> None:
        """Let nothing pass between the nodes of each pair."""

    async def delay(self, pairs: Iterable[tuple[BrokerId, BrokerId]], ms: int) -> None:
        """Let every byte between the nodes of each pair arrive so much later, each way; 0 for no delay."""

    def is_cut(self, one: BrokerId, other: BrokerId) -> bool: ...
    async def heal(self) -> None:
        """Every node reaches every other again, without delay."""

    def still(self) -> AbstractAsyncContextManager[None]:
        """Inside, nothing changes in any directory."""

    def timelines(self) -> Sequence[Timeline]:
        """The clocks of all nodes that run, the controller's first; there is always one."""

    async def close(self) -> None:
        """Leave nothing behind: no thread, no process, no connection."""
