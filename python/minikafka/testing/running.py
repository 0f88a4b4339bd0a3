"""A cluster from start to close: its thread, its supervisor, its ledger; and how handles reach them.

The brokers run on an event loop in a daemon thread, or as child processes that this thread speaks to. Whatever is asked
of them is asked on that loop, between two turns of its nodes. Nothing is left behind: not by `close`, not by a program
that forgot to close, not in a child that was forked meanwhile.
"""

from __future__ import annotations

import asyncio
import atexit
import os
import weakref
from collections.abc import Callable, Coroutine, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self, TypeVar

from minikafka.errors import BrokerHalted, MinikafkaError
from minikafka.ledger.ledger import Ledger
from minikafka.runtime.control.cluster import ClusterView
from minikafka.runtime.control.port import HostedNode
from minikafka.runtime.control.views import Question
from minikafka.runtime.loading import import_handlers_where_threads_may_not
from minikafka.runtime.spec import ClusterSpec
from minikafka.runtime.supervisor import Supervisor
from minikafka.runtime.thread import LoopThread
from minikafka.testing.verdicts import verdict
from minikafka.types import CONTROLLER_ID

if TYPE_CHECKING:
    from minikafka.admin.server import AdminServer

T = TypeVar("T")

NOT_RUNNING: Final = "this cluster is not running: use `with Cluster(...) as kafka:`"


class Running:
    """What a `Cluster` is, its levers aside. Every handle holds one."""

    def __init__(self, spec: ClusterSpec, *, has_admin: bool) -> None:
        """Nothing is started yet. Raises ConfigError for what contradicts itself."""
        spec.check()
        self._spec = spec
        self._has_admin = has_admin
        self._thread: LoopThread | None = None
        self._supervisor: Supervisor | None = None
        self._ledger: Ledger | None = None
        self._admin: AdminServer | None = None

    # Life.

    def start(self) -> Self:
        """Start; returns when clients can connect and the asked-for topics have leaders."""
        if self._thread is None:
            import_handlers_where_threads_may_not()
            self._thread = LoopThread()
            try:
                self._supervisor = self._thread.run(self._bring_up())
            except BaseException:
                thread, self._thread = self._thread, None
                thread.close()
                raise
            LIVE.add(self)
        return self

    async def _bring_up(self) -> Supervisor:
        supervisor = Supervisor(asyncio.get_running_loop(), self._spec)
        self._ledger = ledger = Ledger(supervisor.hosting.history)
        try:
            await supervisor.start()
            if self._has_admin:
                from minikafka.admin.scope import Whole
                from minikafka.admin.server import AdminServer

                self._admin = AdminServer()
                await self._admin.start(Whole(supervisor, lambda header: verdict(supervisor, ledger, header)))
        except BaseException:
            await supervisor.close(cleanly=False)
            raise
        return supervisor

    async def _take_down(self, supervisor: Supervisor) -> None:
        admin, self._admin = self._admin, None
        if admin is not None:
            await admin.close()
        await supervisor.close()

    def close(self) -> None:
        """Stop the brokers and leave nothing behind: no thread, no port, no temporary file. Idempotent."""
        thread, supervisor, ledger = self._thread, self._supervisor, self._ledger
        self._thread = self._supervisor = self._ledger = None
        LIVE.discard(self)
        if thread is None or supervisor is None:
            return

        try:
            thread.run(self._take_down(supervisor))
        finally:
            thread.close()
            if ledger is not None:
                ledger.close()

    def forget(self) -> None:
        """In a forked child: let go of everything that is the parent's, without touching it."""
        LIVE.discard(self)
        supervisor, self._supervisor, self._thread = self._supervisor, None, None
        admin, self._admin = self._admin, None
        if supervisor is not None:
            supervisor.abandon([] if admin is None else admin.descriptors())

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        supervisor = self._supervisor
        self.close()
        # Afterwards, so that one that broke while nobody looked is heard of as well.
        halted = None if supervisor is None else _halted(supervisor.hosting.halted)
        if halted is not None:
            raise halted from error

    async def __aenter__(self) -> Self:
        return await asyncio.to_thread(self.start)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await asyncio.to_thread(self.__exit__, kind, error, trace)

    def check_halted(self) -> None:
        """Raises BrokerHalted if a node stopped on a broken invariant, as the end of `with` does."""
        halted = _halted(self.look(lambda supervisor: list(supervisor.hosting.halted)))
        if halted is not None:
            raise halted

    # How handles reach it.

    def look(self, at: Callable[[Supervisor], T]) -> T:
        """What `at` sees of the cluster between two turns. Raises MinikafkaError when the cluster is not running."""
        thread, supervisor = self._running()
        return thread.look(lambda: at(supervisor))

    def ask(self, question: Question) -> ClusterView:
        """The answers of all living nodes to `question`, now."""
        return self.run(lambda supervisor: supervisor.look(question))

    def run(self, work: Callable[[Supervisor], Coroutine[None, None, T]]) -> T:
        """Run `work` on the brokers' loop and wait for it."""
        thread, supervisor = self._running()
        return thread.run(work(supervisor))

    async def run_async(self, work: Callable[[Supervisor], Coroutine[None, None, T]]) -> T:
        """The same, awaited on the caller's loop."""
        thread, supervisor = self._running()
        return await asyncio.wrap_future(thread.submit(work(supervisor)))

    async def look_async(self, at: Callable[[Supervisor], T]) -> T:
        """As `look`, awaited on the caller's loop."""

        async def looking(supervisor: Supervisor) -> T:
            return at(supervisor)

        return await self.run_async(looking)

    def _running(self) -> tuple[LoopThread, Supervisor]:
        if self._thread is None or self._supervisor is None:
            raise MinikafkaError(NOT_RUNNING)
        return self._thread, self._supervisor


def _halted(nodes: Sequence[HostedNode]) -> BrokerHalted | None:
    """What is to be said of nodes that broke."""
    if not nodes:
        return None
    whys = [
        f"{'the controller' if node.node_id == CONTROLLER_ID else f'broker {node.node_id}'} halted: {node.halted.why}"
        for node in nodes
        if node.halted
    ]
    problem = BrokerHalted("; ".join(whys))
    problem.__cause__ = nodes[0].error
    return problem


LIVE: Final[weakref.WeakSet[Running]] = weakref.WeakSet()
"""Clusters to close at interpreter exit, should their owner forget."""


@atexit.register
def _close_all() -> None:
    for cluster in list(LIVE):
        cluster.close()


def _forget_all() -> None:
    """A forked child has no loop thread; it lets go of the sockets, which would outlive the parent's brokers."""
    for cluster in list(LIVE):
        cluster.forget()


os.register_at_fork(after_in_child=_forget_all)
