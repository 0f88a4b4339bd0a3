"""The rules in force, and how often each struck. Rules outlive a broker that is killed and started again."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final

from minikafka.errors import ConfigError
from minikafka.faults.actions import place_of
from minikafka.faults.names import api_key, nearest
from minikafka.faults.rule import Rule

MOST_RULES: Final = 1000


class Armed:
    """A rule in force. `number` is its own and never given again; `fired` is how often it struck."""

    __slots__ = ("_met", "api_key", "calling", "error", "fired", "number", "place", "rule")

    def __init__(self, rule: Rule, number: int) -> None:
        self.rule = rule
        self.number = number
        self.api_key = None if rule.match.api is None else api_key(rule.match.api)
        self.place = place_of(rule.then)
        self.fired = 0
        self.error: BaseException | None = None
        """What the function raised that it calls."""
        self.calling = 0
        """Calls of that function which have not returned."""
        self._met = 0

    def strikes(self) -> bool:
        """Count one matching request; true when the rule strikes this one."""
        self._met += 1
        struck = self.rule.when.strikes(self._met, self.fired)
        self.fired += struck
        return struck


class Rules:
    """Oldest first; shared by every broker they are about."""

    def __init__(self, rules: Iterable[Rule] = ()) -> None:
        self.in_force: list[Armed] = []
        self._last = 0
        for rule in rules:
            self.add(rule)

    def add(self, rule: Rule) -> Armed:
        """In force from now on; a rule without an id is given one. Raises ConfigError for an id in force already."""
        if len(self.in_force) >= MOST_RULES:
            raise ConfigError(f"there are {MOST_RULES} faults already; heal some")
        taken = {one.rule.id for one in self.in_force}
        if rule.id in taken:
            raise ConfigError(f"there is a fault {rule.id!r} already")
        self._last += 1
        if not rule.id:
            while f"fault-{self._last}" in taken:
                self._last += 1
            rule = replace(rule, id=f"fault-{self._last}")
        return self.put(Armed(rule, self._last))

    def put(self, armed: Armed) -> Armed:
        """One that was counted elsewhere, or will be."""
        self.in_force.append(armed)
        return armed

    def remove(self, armed: Armed) -> None:
        """No-op when it is not in force any more."""
        self.in_force = [kept for kept in self.in_force if kept.number != armed.number]

    def is_in_force(self, number: int) -> bool:
        return any(armed.number == number for armed in self.in_force)

    def clear(self) -> None:
        self.in_force = []


def find(in_force: Sequence[Armed], rule_id: str) -> Armed:
    """The rule of this id. Raises ConfigError with the nearest id."""
    for armed in in_force:
        if armed.rule.id == rule_id:
            return armed
    hint = nearest(rule_id, [armed.rule.id for armed in in_force])
    raise ConfigError(f"there is no fault {rule_id!r} in force{hint}")
