"""What a test says about a fault by keyword, and the rule that it means.

The keywords are the fields of `faults.rule.Match` and `faults.rule.When`; here they are named per kind of fault, for
editors and type checkers, and one that a kind does not take is refused with the nearest that it does.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import fields
from typing import Any, Final, Literal, Required, TypeAlias, TypedDict

from minikafka.errors import ConfigError
from minikafka.faults.actions import Action, Kill, NodeAction, Pause, PowerLoss
from minikafka.faults.names import nearest
from minikafka.faults.rule import Match, Rule, Wanted, When
from minikafka.types import CONTROLLER_ID, BrokerId

CONTROLLER: Final = "controller"
Node: TypeAlias = BrokerId | Literal["controller"]


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
    broker: Node | None
    group: str | None
    transactional_id: str | None
    between_brokers: bool | None
    nth: int | None
    skip: int
    times: int | None
    probability: float | None
    seed: int
    id: str


class AboutDisk(TypedDict, total=False):
    """Whose disk: `broker`, which is required; `topic` and `partition` for one log of it. Which fsyncs: see `About`."""

    broker: Required[Node]
    topic: str | None
    partition: int | None
    nth: int | None
    skip: int
    times: int | None
    id: str


class AboutEvent(TypedDict, total=False):
    """Which events: of this topic and partition, told by this broker, with these facts (`docs/reference/events.md`).
    When: see `About`."""

    broker: Node | None
    topic: str | None
    partition: int | None
    facts: Mapping[str, Wanted]
    nth: int | None
    skip: int
    times: int | None
    probability: float | None
    seed: int
    id: str


def rule_about(
    method: str,
    then: Action,
    about: About | AboutDisk | AboutEvent,
    known: Collection[str] = About.__annotations__,
    event: str | None = None,
) -> Rule:
    """What the method of `Faults` of this name was told. Raises ConfigError for what is not `known` to it."""
    for name in about:
        if name not in known:
            raise ConfigError(f"faults.{method}() has no {name!r}{nearest(name, known)}")
    given: dict[str, Any] = dict(about)
    if given.get("broker") == CONTROLLER:
        given["broker"] = CONTROLLER_ID
    match = Match(**{name: given[name] for name in given if name in MATCH}, event=event)
    when = When(**{name: given[name] for name in given if name in WHEN})
    return Rule(then, match, when, given.get("id", ""))


def at_event(then: str | NodeAction) -> NodeAction:
    """An action by its name. Raises ConfigError with the nearest name."""
    if not isinstance(then, str):
        return then
    if then not in AT_EVENT:
        known = ", ".join(AT_EVENT)
        raise ConfigError(f"then is {then!r}, and may be {known} or a function{nearest(then, AT_EVENT)}")
    return AT_EVENT[then]


def _names(kind: Any) -> frozenset[str]:
    return frozenset(field.name for field in fields(kind))


MATCH: Final = _names(Match)
WHEN: Final = _names(When)
AT_EVENT: Final[dict[str, NodeAction]] = {"kill": Kill(), "power_loss": PowerLoss(), "pause": Pause()}
