"""What happened in one run, as its clients knew it, and what was done to them: operations and strikes, on one clock."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from minikafka.checker.allowed import Death
from minikafka.checker.operation import Op, Operation, Type

MAX_OPERATIONS = 1_000_000
"""Of one run; a scenario is bounded, and a program that is not ours must be."""


@dataclass(slots=True)
class Strike:
    """One thing that went wrong on purpose. death: what may be lost by it; None: nothing. ended_ms: None while it
    lasts, or where it has no end."""

    what: str
    death: Death | None
    began_ms: float
    ended_ms: float | None = None


class Recorder:
    """Times are ms since it was made. Any thread may add to it."""

    def __init__(self, clock_ms: Callable[[], float] = lambda: time.monotonic() * 1000) -> None:
        self._clock_ms = clock_ms
        self.origin_ms = clock_ms()
        self.operations: list[Operation] = []
        self.strikes: list[Strike] = []

    @property
    def now_ms(self) -> float:
        return self._clock_ms() - self.origin_ms

    def add(self, kind: Type, op: Op, process: str, **fields: str | int | bool) -> None:
        """One operation, now; fields as in `Operation`."""
        assert len(self.operations) < MAX_OPERATIONS
        at = round(self.now_ms, 3)
        self.operations.append(Operation(kind, op, process, time_ms=at, **fields))  # type: ignore[arg-type]

    def take(self, operation: Operation) -> None:
        """One that another process told of, at the time it is heard."""
        assert len(self.operations) < MAX_OPERATIONS
        self.operations.append(replace(operation, time_ms=round(self.now_ms, 3)))

    def errors(self, op: Op) -> list[str]:
        """Every error that an operation of this kind was told, in that order."""
        return [one.error for one in self.operations if one.op is op and one.error]

    def strike(self, what: str, death: Death | None = None) -> Strike:
        """Something goes wrong from now on."""
        begun = Strike(what, death, self.now_ms)
        self.strikes.append(begun)
        return begun

    def end(self, what: str) -> None:
        """The newest strike of this name is over; nothing happens if there is none."""
        for one in reversed(self.strikes):
            if one.what == what and one.ended_ms is None:
                one.ended_ms = self.now_ms
                return
