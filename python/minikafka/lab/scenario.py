"""What a scenario is: a claim, the configurations that prove it both ways, and one run.

Configurations are data, so that two of them can be laid side by side and the difference be seen. A bad one names the
anomalies it must show; a good one must show none. What is not an anomaly but must be so all the same (an error, an
offset, who could write) is a *note*: the run says `stage.note(name, value)`, the configuration says what it must be.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from enum import Enum, StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, TypeAlias

from minikafka.checker.anomaly import Anomaly
from minikafka.checker.verdict import Json
from minikafka.errors import ConfigError

if TYPE_CHECKING:
    from minikafka.lab.stage import Stage

Setting: TypeAlias = str | int | bool
Settings: TypeAlias = Mapping[str, Setting]

NOTHING: Final[Settings] = MappingProxyType({})

LOST: Final = frozenset({Anomaly.LOST})
DUPLICATED: Final = frozenset({Anomaly.DUPLICATED})
REORDERED: Final = frozenset({Anomaly.REORDERED})
ABORTED_READ: Final = frozenset({Anomaly.ABORTED_READ})
TORN: Final = frozenset({Anomaly.TORN})
HANGING: Final = frozenset({Anomaly.HANGING})

IDEMPOTENT: Final[Settings] = MappingProxyType({"acks": "all", "enable.idempotence": True})
"""A producer that does all a producer can without transactions."""


class Client(StrEnum):
    """Whose library an application is written with."""

    CONFLUENT = "confluent-kafka"
    JAVA = "java"


class Lever(Enum):
    """What a scenario needs of its cluster beside clients. The value says so to a user whose cluster has it not."""

    KILL = "killing and starting brokers"
    NETWORK = "cutting the network between nodes"
    FAULTS = "fault rules on requests"
    POWER = "cutting the power"
    FEATURES = "setting a feature level"


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """One way of running a scenario. Settings have Kafka's names.

    shows: the anomalies a bad configuration must show, all of them; a good one shows none. allows: may appear, and
    proves nothing. notes: what the run must note, word for word. features: levels of a new cluster.

    What an application does is no setting, and decides as much. listens: it looks at each record's callback.
    is_transactional: it sends in transactions. sends_again: what it heard no answer for, itself. commits: offsets
    "before" or "after" processing. way: which of the scenario's ways to go. needs: beyond what the scenario needs.
    client: of its application; what fills topics and reads them in the end is always ours.
    """

    name: str
    shows: frozenset[Anomaly] = frozenset()
    allows: frozenset[Anomaly] = frozenset()
    notes: Mapping[str, str] = field(default_factory=dict)
    broker: Settings = field(default_factory=dict)
    topic: Settings = field(default_factory=dict)
    producer: Settings = field(default_factory=dict)
    consumer: Settings = field(default_factory=dict)
    durability: str = "page-cache"
    features: Mapping[str, int] = field(default_factory=dict)
    listens: bool = True
    is_transactional: bool = False
    sends_again: bool = False
    commits: str = "after"
    way: str = ""
    needs: frozenset[Lever] = frozenset()
    client: Client = Client.CONFLUENT

    @property
    def is_good(self) -> bool:
        return not self.shows

    @property
    def side(self) -> str:
        """`good` or `bad`."""
        return "good" if self.is_good else "bad"

    def settings(self) -> dict[str, Setting]:
        """All of them, for people: whose they are is in the name."""
        own = {"durability": self.durability} if self.durability != "page-cache" else {}
        kinds = {
            "broker": self.broker,
            "topic": self.topic,
            "producer": self.producer,
            "consumer": self.consumer,
        }
        named = {f"{kind}: {name}": value for kind, all_of in kinds.items() for name, value in all_of.items()}
        return {**own, **named}


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One claim, and how it is tried.

    claim: as the article has it, in short. truth: what Kafka really does, one sentence. article: whether the claim is
    right, imprecise or incomplete, and in what; the configurations are the evidence. lesson: the file's docstring.
    strikes: something must go wrong in every run, else it proves nothing. alone: measures time, so nothing may run
    beside it. again: the command that repeats it, `{seed}` in it; empty for one that is found by name.
    """

    name: str
    title: str
    claim: str
    truth: str
    article: str
    lesson: str
    configurations: tuple[Configuration, ...]
    run: Callable[[Stage], None]
    brokers: int = 3
    needs: frozenset[Lever] = frozenset()
    strikes: bool = True
    alone: bool = False
    again: str = ""

    def configuration(self, name: str) -> Configuration:
        """By name. Raises ConfigError with the nearest one."""
        for one in self.configurations:
            if one.name == name:
                return one
        raise ConfigError(f"scenario {self.name} has no configuration {name!r}{nearest(name, self.names)}")

    @property
    def names(self) -> list[str]:
        """Of its configurations."""
        return [one.name for one in self.configurations]

    def as_dict(self) -> dict[str, Json]:
        """For `lab list --json`."""
        return {
            "name": self.name,
            "title": self.title,
            "claim": self.claim,
            "truth": self.truth,
            "article": self.article,
            "needs": [*sorted(lever.value for lever in self.needs)],
            "configurations": [
                {
                    "name": one.name,
                    "side": one.side,
                    "client": one.client.value,
                    "must_show": [*sorted(kind.name.lower() for kind in one.shows)],
                    "settings": dict(one.settings()),
                }
                for one in self.configurations
            ],
        }


def nearest(name: str, known: list[str]) -> str:
    """`; did you mean X?`, or all there are if there are few, or nothing."""
    near = get_close_matches(name, known, n=1)
    if near:
        return f"; did you mean {near[0]}?"
    return f"; there are {', '.join(known)}"
