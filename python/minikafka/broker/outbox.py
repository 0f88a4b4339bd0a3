"""Where the parts of a node put their effects until the turn ends."""

from __future__ import annotations

from minikafka.effects import Effect


class Outbox:
    """Effects of the turn under way, in the order they were decided."""

    __slots__ = ("_effects",)

    def __init__(self) -> None:
        self._effects: list[Effect] = []

    def put(self, effect: Effect) -> None:
        self._effects.append(effect)

    def take(self) -> list[Effect]:
        """All effects so far; the outbox is empty afterwards."""
        effects, self._effects = self._effects, []
        return effects
