"""Faults: what a test asks to go wrong, in Kafka's words.

    with kafka.faults.drop_response(api="Produce", topic="orders", times=1) as fault:
        ...
        fault.assert_fired()

A fault is in force until `heal`, or the end of its `with` block. One that never struck proves nothing, so say what it
was to do: `fired`, `assert_fired()`.
"""

from __future__ import annotations

import inspect
from types import TracebackType
from typing import Any, Self

from minikafka.errors import ConfigError, VerdictError
from minikafka.faults.book import Armed, find
from minikafka.faults.plain import status
from minikafka.faults.rule import Rule
from minikafka.runtime.calls import AtEvent
from minikafka.runtime.control.views import HEALTH
from minikafka.runtime.supervisor import Supervisor
from minikafka.testing.fault_kinds import FaultKinds
from minikafka.testing.running import Running


class FaultSoFar:
    """What a fault is, and what it did so far; it can be asked after it was healed, too."""

    def __init__(self, cluster: Running, armed: Armed) -> None:
        self._cluster = cluster
        self._armed = armed

    @property
    def id(self) -> str:
        """As in the `fault` fact of the trace's `fault` events."""
        return self._armed.rule.id

    @property
    def rule(self) -> Rule:
        """The value it was made from."""
        return self._armed.rule

    @property
    def fired(self) -> int:
        """How often it struck. A fault that never fired proves nothing; assert on this."""
        return self._armed.fired

    def assert_fired(self, times: int | None = None) -> None:
        """Raises VerdictError unless it struck: exactly `times` times, or at least once. What a function raised that
        it called is raised here as well."""
        self._raise_error()
        fired = self.fired
        if fired == 0 and times != 0:
            raise VerdictError(f"{self} never fired: nothing it is about came by")
        if times is not None and fired != times:
            raise VerdictError(f"{self} fired {fired} times, not {times}")

    def as_dict(self) -> dict[str, Any]:
        """The rule as JSON (`faults.plain`), and `fired`."""
        return status(self._armed)

    def __repr__(self) -> str:
        return f"<Fault {self.as_dict()}>"

    async def _until_fired(self, supervisor: Supervisor, times: int, timeout_s: float) -> None:
        armed = self._armed
        await supervisor.until(
            HEALTH,
            lambda _: armed.fired >= times and not armed.calling,
            timeout_s,
            lambda _: f"{self} fired {armed.fired} times",
        )

    def _raise_error(self) -> None:
        if self._armed.error is not None:
            raise self._armed.error


class Fault(FaultSoFar):
    """One fault, in force until `heal` or the end of its `with` block."""

    def wait_fired(self, times: int = 1, *, timeout: float = 10.0) -> None:
        """Wait until it has struck so often, and the function it calls has returned. timeout: seconds.

        Raises WaitTimeout, or what the function raised.
        """
        self._cluster.run(lambda supervisor: self._until_fired(supervisor, times, timeout))
        self._raise_error()

    def heal(self) -> None:
        """No more of it; what it kept goes on. What a disk failed stays failed until the broker's next life (D7).
        Idempotent."""
        self._cluster.run(lambda supervisor: supervisor.rules.remove(self._armed))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.heal()
        if error is None:
            self._raise_error()


class Faults(FaultKinds[Fault]):
    """`kafka.faults`: in force when the method returns."""

    def __init__(self, cluster: Running) -> None:
        self._cluster = cluster

    def list(self) -> list[Fault]:
        """Those in force, oldest first."""
        in_force = self._cluster.look(lambda supervisor: supervisor.rules.in_force)
        return [Fault(self._cluster, armed) for armed in in_force]

    def heal(self, id: str | None = None) -> None:  # noqa: A002 - the name it has everywhere
        """Heal the fault of this id, or all of them. Raises ConfigError with the nearest id."""
        if id is None:
            self._cluster.run(lambda supervisor: supervisor.rules.clear())
        else:
            armed = find(self._cluster.look(lambda supervisor: supervisor.rules.in_force), id)
            Fault(self._cluster, armed).heal()

    def _add(self, rule: Rule, call: AtEvent | None = None) -> Fault:
        if inspect.iscoroutinefunction(call):
            raise ConfigError("a coroutine function runs on your own loop: use kafka.aio.faults.on_event()")
        return Fault(self._cluster, self._cluster.run(lambda supervisor: supervisor.rules.add(rule, call)))
