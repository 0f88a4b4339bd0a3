"""Faults: what a test asks to go wrong, in Kafka's words.

    with kafka.faults.drop_response(api="Produce", topic="orders", times=1) as fault:
        ...
        fault.assert_fired()

A fault is in force until `heal`, or the end of its `with` block. One that never struck proves nothing, so say what it
was to do: `fired`, `assert_fired()`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import fields
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self, TypedDict, TypeVar, Unpack

from minikafka.errors import ConfigError, ErrorCode, VerdictError
from minikafka.faults.actions import (
    Action,
    Close,
    Delay,
    DropRequest,
    DropResponse,
    Error,
    Hold,
    Place,
    Reorder,
)
from minikafka.faults.book import Armed, find
from minikafka.faults.names import error_code, nearest
from minikafka.faults.plain import from_json, status
from minikafka.faults.rule import Match, Rule, When
from minikafka.types import BrokerId

if TYPE_CHECKING:
    from minikafka.testing.cluster import Cluster

T = TypeVar("T")


class About(TypedDict, total=False):
    """What every kind of fault takes. Which requests (`faults.rule.Match`), and which of those (`faults.rule.When`).

    Requests of other brokers are left alone unless `between_brokers` is True (only them) or None (both). `times`: at
    most so often. `skip`: not the first so many that match. `nth`: only that one, from 1. `probability`: each with
    this chance; the same `seed` strikes the same ones. `id`: names it; else it is given a name.
    """

    api: str | None
    version: int | None
    client_id: str | None
    topic: str | None
    partition: int | None
    broker: BrokerId | None
    group: str | None
    transactional_id: str | None
    between_brokers: bool | None
    nth: int | None
    skip: int
    times: int | None
    probability: float | None
    seed: int
    id: str


class Fault:
    """One fault, in force until `heal` or the end of its `with` block. What it did can be asked afterwards too."""

    def __init__(self, armed: Armed, remove: Callable[[Armed], None]) -> None:
        self._armed = armed
        self._remove = remove

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
        """Raises VerdictError unless it struck: exactly `times` times, or at least once."""
        fired = self.fired
        if fired == 0 and times != 0:
            raise VerdictError(f"{self} never fired: nothing it is about came by")
        if times is not None and fired != times:
            raise VerdictError(f"{self} fired {fired} times, not {times}")

    def heal(self) -> None:
        """No more of it; what it kept goes on. Idempotent."""
        self._remove(self._armed)

    def as_dict(self) -> dict[str, Any]:
        """The rule as JSON (`faults.plain`), and `fired`."""
        return status(self._armed)

    def __repr__(self) -> str:
        return f"<Fault {self.as_dict()}>"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.heal()


class Faults:
    """`kafka.faults`. What all methods take is in `About`: `api="Produce"`, `topic=`, `times=` and so on."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster

    # What can go wrong with requests and replies (docs/reference/faults.md).

    def error(self, *, code: str | int | ErrorCode, **about: Unpack[About]) -> Fault:
        """Refuse the whole request with `code`; it is not carried out, for none of its partitions."""
        return self._make("error", Error(error_code(code)), about)

    def close(self, **about: Unpack[About]) -> Fault:
        """Close the connection instead of carrying the request out."""
        return self._make("close", Close(), about)

    def drop_request(self, **about: Unpack[About]) -> Fault:
        """Lose the request: neither it nor anything behind it on its connection is seen, until its client gives up."""
        return self._make("drop_request", DropRequest(), about)

    def drop_response(self, *, after: str = "append", hold: bool = False, **about: Unpack[About]) -> Fault:
        """Carry the request out, then close the connection instead of answering; with `hold` stay open and silent."""
        if after != "append":
            raise ConfigError(f"a response is dropped after='append', not {after!r}")
        return self._make("drop_response", DropResponse(hold), about)

    def hold(self, *, what: Place = "response", **about: Unpack[About]) -> Fault:
        """Keep the reply, or with what="request" the request, until this fault is healed."""
        return self._make("hold", Hold(what), about)

    def delay(self, *, ms: int, what: Place = "response", **about: Unpack[About]) -> Fault:
        """Keep the reply, or the request, for `ms` of broker time; what is behind it on its connection waits."""
        return self._make("delay", Delay(ms, what), about)

    def reorder(self, *, behind: int = 1, **about: Unpack[About]) -> Fault:
        """Let the request be overtaken by `behind` others that match, of other connections."""
        return self._make("reorder", Reorder(behind), about)

    # Rules as values.

    def add(self, rule: Rule | dict[str, Any]) -> Fault:
        """A rule as a value, or as JSON (`faults.plain`). Raises ConfigError naming what does not fit."""
        return self._add(rule if isinstance(rule, Rule) else from_json(rule))

    def list(self) -> list[Fault]:
        """Those in force, oldest first."""
        return [
            Fault(armed, self._remove)
            for armed in self._cluster.look(lambda supervisor: supervisor.rules.in_force)
        ]

    def heal(self, id: str | None = None) -> None:  # noqa: A002 - the name it has everywhere
        """Heal the fault of this id, or all of them. Raises ConfigError with the nearest id."""
        if id is None:
            self._cluster.run(lambda supervisor: supervisor.rules.clear())
        else:
            self._remove(find(self._cluster.look(lambda supervisor: supervisor.rules.in_force), id))

    def _make(self, method: str, then: Action, about: About) -> Fault:
        for name in about:
            if name not in KNOWN:
                raise ConfigError(f"faults.{method}() has no {name!r}{nearest(name, KNOWN)}")
        given: dict[str, Any] = dict(about)
        match = Match(**{name: given[name] for name in given if name in MATCH})
        when = When(**{name: given[name] for name in given if name in WHEN})
        return self._add(Rule(then, match, when, given.get("id", "")))

    def _add(self, rule: Rule) -> Fault:
        return Fault(self._cluster.run(lambda supervisor: supervisor.rules.add(rule)), self._remove)

    def _remove(self, armed: Armed) -> None:
        self._cluster.run(lambda supervisor: supervisor.rules.remove(armed))


def _names(kind: Any) -> frozenset[str]:
    return frozenset(field.name for field in fields(kind))


MATCH: Final = _names(Match)
WHEN: Final = _names(When)
KNOWN: Final[Iterable[str]] = MATCH | WHEN | {"id"}
