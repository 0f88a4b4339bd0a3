"""What is administered: a whole cluster by its supervisor, or the one node that runs in this process.

A handler that only looks works on both. What needs the other nodes asks for `whole`, and in a process that has one
node only is answered with 409.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol, TypeAlias

from minikafka.admin.problem import Problem
from minikafka.faults.names import nearest
from minikafka.history import Event, History
from minikafka.ledger.verdict import Verdict
from minikafka.runtime.control.cluster import ClusterView
from minikafka.runtime.control.condition import Waits
from minikafka.runtime.control.port import HostedNode, RuleBook
from minikafka.runtime.control.views import Question
from minikafka.runtime.lone import LoneNode
from minikafka.runtime.supervisor import Supervisor
from minikafka.types import CONTROLLER_ID, BrokerId

Judge: TypeAlias = Callable[[str | None], Awaitable[Verdict]]
"""The verdict of now; the argument is the header that names a record, if there is one."""


class Scope(Waits, Protocol):
    """What a handler may use."""

    @property
    def nodes(self) -> Sequence[HostedNode]:
        """Brokers by id, then the controller; those of this process or its children."""

    @property
    def halted(self) -> Sequence[HostedNode]:
        """Those that ended themselves on a broken invariant."""

    @property
    def history(self) -> History: ...
    @property
    def rules(self) -> RuleBook: ...
    def listen(self, hear: Callable[[Event], None]) -> Callable[[], None]:
        """Hear every event from now on; returns how to stop. Nodes that record nothing tell while somebody listens."""

    @property
    def is_recording(self) -> bool:
        """Whether events are told anyway, listeners or not."""

    @property
    def bootstrap_servers(self) -> str:
        """`HOST:PORT,...` of the brokers here."""

    @property
    def whole(self) -> Whole:
        """Raises Problem (409) in a process that has only one node."""

    def address(self, broker: BrokerId) -> tuple[str, int]:
        """Where clients reach a broker."""

    async def look(self, question: Question) -> ClusterView:
        """The answers of all living nodes here, now."""


class Listens(ABC):
    """Nodes tell their events while somebody listens, unless they do so anyway."""

    def __init__(self) -> None:
        self._listeners = 0

    @property
    @abstractmethod
    def nodes(self) -> Sequence[HostedNode]: ...
    @property
    @abstractmethod
    def history(self) -> History: ...
    @property
    @abstractmethod
    def is_recording(self) -> bool: ...

    def listen(self, hear: Callable[[Event], None]) -> Callable[[], None]:
        """See `Scope`."""
        self._listeners += 1
        if self._listeners == 1:
            self._tell(on=True)
        stop = self.history.listen(hear)

        def end() -> None:
            stop()
            self._listeners -= 1
            if not self._listeners:
                self._tell(on=False)

        return end

    def _tell(self, *, on: bool) -> None:
        if not self.is_recording:
            for node in self.nodes:
                node.tell(on=on)


class Whole(Listens):
    """A cluster by its supervisor. judge: None where no ledger is kept."""

    def __init__(self, supervisor: Supervisor, judge: Judge | None = None) -> None:
        super().__init__()
        self.supervisor = supervisor
        self.judge = judge
        self.look = supervisor.look
        self.until = supervisor.until
        self.address = supervisor.client_address

    @property
    def nodes(self) -> Sequence[HostedNode]:
        return self.supervisor.nodes

    @property
    def halted(self) -> Sequence[HostedNode]:
        return self.supervisor.hosting.halted

    @property
    def history(self) -> History:
        return self.supervisor.hosting.history

    @property
    def rules(self) -> RuleBook:
        return self.supervisor.rules

    @property
    def is_recording(self) -> bool:
        return self.supervisor.spec.trace

    @property
    def bootstrap_servers(self) -> str:
        return self.supervisor.bootstrap_servers

    @property
    def whole(self) -> Whole:
        return self


class Alone(Listens):
    """The node that runs alone in this process."""

    def __init__(self, lone: LoneNode) -> None:
        super().__init__()
        self._lone = lone
        self.look = lone.look
        self.until = lone.until

    @property
    def nodes(self) -> Sequence[HostedNode]:
        return [self._lone.node]

    @property
    def halted(self) -> Sequence[HostedNode]:
        return self._lone.halted

    @property
    def history(self) -> History:
        return self._lone.driver.history

    @property
    def rules(self) -> RuleBook:
        return self._lone.rules

    @property
    def is_recording(self) -> bool:
        return self._lone.spec.trace

    @property
    def bootstrap_servers(self) -> str:
        if self._lone.node.node_id == CONTROLLER_ID:
            return ""
        host, port = self._lone.address
        return f"{host}:{port}"

    @property
    def whole(self) -> Whole:
        raise Problem(
            409,
            f"this process runs {named(self._lone.node.node_id)} alone and answers for itself only; "
            "a cluster of one `minikafka serve -n N`, or of `Cluster`, can do this",
        )

    def address(self, broker: BrokerId) -> tuple[str, int]:
        return self._lone.address


def named(node: BrokerId) -> str:
    """`broker 2`, `the controller`."""
    return "the controller" if node == CONTROLLER_ID else f"broker {node}"


def node_of(scope: Scope, number: BrokerId) -> HostedNode:
    """A node of `scope`. Raises Problem (404)."""
    for node in scope.nodes:
        if node.node_id == number:
            return node
    here = ", ".join(str(node.node_id) for node in scope.nodes if node.node_id != CONTROLLER_ID)
    raise Problem(404, f"there is no broker {number} here; there are {here or 'none, only the controller'}")


def missing(what: str, name: str, known: Sequence[str]) -> Problem:
    """To be raised: 404, with the nearest name there is."""
    return Problem(404, f"there is no {what} {name!r}{nearest(name, known)}")
