"""One fault: which requests it is about, when it strikes, what it does. A value; it checks itself when it is made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from minikafka.errors import ConfigError
from minikafka.faults.actions import Action, at_least
from minikafka.faults.names import BETWEEN_BROKERS, api_key, api_name
from minikafka.types import BrokerId


@dataclass(frozen=True, slots=True)
class Match:
    """Which requests a rule is about; None means any. Raises ConfigError for an API that nobody knows.

    api: by Kafka's name, such as `Produce`. version: of the request. broker: the one that is asked, 1000 for the
    controller. between_brokers: requests of other brokers (their fetches, say): False leaves them alone, True means
    only them, None makes no difference; APIs that only brokers speak are always about brokers.
    """

    api: str | None = None
    version: int | None = None
    client_id: str | None = None
    topic: str | None = None
    partition: int | None = None
    broker: BrokerId | None = None
    group: str | None = None
    transactional_id: str | None = None
    between_brokers: bool | None = False

    def __post_init__(self) -> None:
        if self.api is not None:
            object.__setattr__(self, "api", api_name(self.api))
            if api_key(self.api) in BETWEEN_BROKERS:
                object.__setattr__(self, "between_brokers", True)


@dataclass(frozen=True, slots=True)
class When:
    """Which of the matching requests are struck, counted over all brokers. Raises ConfigError for a contradiction.

    nth: only this one, from 1. skip: none of the first so many. times: at most so many; None: no limit. probability:
    each with this chance, 0 to 1; whether the m-th one is struck depends on `seed` and m alone.
    """

    nth: int | None = None
    skip: int = 0
    times: int | None = None
    probability: float | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        at_least("skip", self.skip, 0)
        if self.times is not None:
            at_least("times", self.times, 1)
        if self.nth is not None:
            at_least("nth", self.nth, 1)
            if self.skip or self.times is not None or self.probability is not None:
                raise ConfigError("nth says it all: it goes with neither skip, times nor probability")
        if self.probability is not None:
            if not 0 <= self.probability <= 1:
                raise ConfigError(f"probability is {self.probability:g}, and must be between 0 and 1")
            object.__setattr__(self, "probability", float(self.probability))

    def strikes(self, met: int, fired: int) -> bool:
        """Whether the `met`-th matching request (from 1) is struck, after `fired` strikes so far."""
        if self.nth is not None:
            return met == self.nth
        if met <= self.skip or (self.times is not None and fired >= self.times):
            return False
        return self.probability is None or chance(self.seed, met) < self.probability


@dataclass(frozen=True, slots=True)
class Rule:
    """One fault. id: names it in the trace, in lists and to whoever heals it; empty: it is given one when added."""

    then: Action
    match: Match = Match()
    when: When = When()
    id: str = ""

    def __post_init__(self) -> None:
        if len(self.id) > MOST_ID_CHARACTERS:
            raise ConfigError(f"the id of a fault has at most {MOST_ID_CHARACTERS} characters")


MOST_ID_CHARACTERS: Final = 200
_MASK: Final = (1 << 64) - 1


def chance(seed: int, number: int) -> float:
    """A number from 0 (inclusive) to 1 (exclusive) that looks random (SplitMix64), always the same for the same two."""
    state = (seed * 0xD1342543DE82EF95 + number * 0x9E3779B97F4A7C15) & _MASK
    state = (state ^ (state >> 30)) * 0xBF58476D1CE4E5B9 & _MASK
    state = (state ^ (state >> 27)) * 0x94D049BB133111EB & _MASK
    return ((state ^ (state >> 31)) >> 11) / (1 << 53)
