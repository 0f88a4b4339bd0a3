"""One fault: which requests it is about, when it strikes, what it does. A value; it checks itself when it is made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Final, TypeAlias

from minikafka.errors import ConfigError
from minikafka.faults.actions import (
    Action,
    DiskFull,
    Subject,
    action_name,
    at_least,
    subject_of,
)
from minikafka.faults.names import BETWEEN_BROKERS, api_key, api_name, nearest
from minikafka.trace import KINDS, Fact, TraceEvent
from minikafka.types import BrokerId

Wanted: TypeAlias = str | int | bool | None


@dataclass(frozen=True, slots=True)
class Match:
    """What a rule is about; None means any. Raises ConfigError for an API, or a kind of event, that nobody knows.

    api: by Kafka's name, such as `Produce`. version: of the request. client_id: as sent. topic: that a request
    names, by name or id; that an event is about; or, with partition, whose log a disk fault is about.
    partition: likewise. broker: the one that is asked, whose disk it is, or that tells the event; 1000 for the
    controller. group: that a request names. transactional_id: that a request names. between_brokers: requests
    of other brokers (their fetches, say): False leaves them alone, True means only them, None makes no
    difference; APIs that only brokers speak are always about brokers. event: the kind of the event
    (docs/reference/events.md). facts: what the event must say.
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
    event: str | None = None
    facts: Mapping[str, Wanted] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.event is not None and self.event not in KINDS:
            raise ConfigError(f"no kind of event {self.event!r}{nearest(self.event, KINDS)}")
        if self.api is not None:
            object.__setattr__(self, "api", api_name(self.api))
            if api_key(self.api) in BETWEEN_BROKERS:
                object.__setattr__(self, "between_brokers", True)

    def is_event(self, node: BrokerId, event: TraceEvent) -> bool:
        """Whether what `node` told is what is meant."""
        if event.kind != self.event or self.broker not in (None, node):
            return False
        topic, partition = event.partition or (None, None)
        return (
            self.topic in (None, topic)
            and self.partition in (None, partition)
            and all(_is_same(event.facts.get(name), wanted) for name, wanted in self.facts.items())
        )


def _is_same(fact: Fact, wanted: Wanted) -> bool:
    # To Python, 1 is True; a trace means one or the other.
    return fact == wanted and isinstance(fact, bool) == isinstance(wanted, bool)


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
        subject, name = subject_of(self.then), action_name(self.then)
        for one in fields(self.match):
            if one.name not in ABOUT[subject] and getattr(self.match, one.name) != getattr(ANY, one.name):
                raise ConfigError(f"{name} is about {WHOSE[subject]}: there is no {one.name} to match")
        if subject == "event" and self.match.event is None:
            raise ConfigError(f"{name} happens at an event: say which kind")
        if subject == "disk":
            self._check_disk(name)

    def _check_disk(self, name: str) -> None:
        if self.match.broker is None:
            raise ConfigError(f"{name} is about a disk: say which broker's")
        if (self.match.topic is None) != (self.match.partition is None):
            raise ConfigError(
                f"{name} is about a whole disk, or one log: give topic and partition, or neither"
            )
        if self.when.probability is not None or (isinstance(self.then, DiskFull) and self.when != When()):
            wanted = "neither nth, skip, times nor" if isinstance(self.then, DiskFull) else "no"
            raise ConfigError(f"{name} knows {wanted} probability")


ANY: Final = Match()
ABOUT: Final[dict[Subject, frozenset[str]]] = {
    "request": frozenset(
        (
            "api",
            "version",
            "client_id",
            "topic",
            "partition",
            "broker",
            "group",
            "transactional_id",
            "between_brokers",
        )
    ),
    "disk": frozenset(("topic", "partition", "broker")),
    "event": frozenset(("event", "topic", "partition", "broker", "facts")),
}
"""Fields of a match that mean something, by what its action is about."""
WHOSE: Final[dict[Subject, str]] = {
    "request": "requests and replies",
    "disk": "a broker's disk",
    "event": "an event of a node",
}


MOST_ID_CHARACTERS: Final = 200
_MASK: Final = (1 << 64) - 1


def chance(seed: int, number: int) -> float:
    """A number from 0 (inclusive) to 1 (exclusive) that looks random (SplitMix64), always the same for the same two."""
    state = (seed * 0xD1342543DE82EF95 + number * 0x9E3779B97F4A7C15) & _MASK
    state = (state ^ (state >> 30)) * 0xBF58476D1CE4E5B9 & _MASK
    state = (state ^ (state >> 27)) * 0x94D049BB133111EB & _MASK
    return ((state ^ (state >> 31)) >> 11) / (1 << 53)
