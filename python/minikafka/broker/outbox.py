"""Where the parts of a node put their effects until the turn ends."""

from __future__ import annotations

from minikafka.effects import Effect, Traced
from minikafka.trace import NOBODY, Trace


class Outbox:
    """Effects of the turn under way, in the order they were decided."""

    __slots__ = ("_effects", "_trace")

    def __init__(self, trace: Trace = NOBODY) -> None:
        self._effects: list[Effect] = []
        self._trace = trace

    def put(self, effect: Effect) -> None:
        self._effects.append(effect)

    def take(self) -> list[Effect]:
        """All effects so far; the outbox is empty afterwards."""
        effects, self._effects = self._effects, []
        trace = self._trace
        if trace.on and trace.untaken:
            effects.insert(0, Traced(trace.take()))
        return effects
