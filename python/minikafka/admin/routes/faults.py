"""`/v1/faults`: rules of what is to go wrong, in force until they are healed. The same JSON everywhere
(`faults/plain.py`)."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from http import HTTPStatus
from typing import Annotated, Any, Final, NamedTuple

from minikafka.admin.route import AnyRoute, Nothing, Route, body, path
from minikafka.admin.scope import Scope, missing
from minikafka.faults.book import Armed
from minikafka.faults.plain import from_json, status
from minikafka.faults.rule import Match, When


class FaultAnswer(NamedTuple):
    """A fault as it was given, what was left out left out, and how often it struck."""

    id: str
    match: dict[str, Any]
    when: dict[str, Any]
    then: dict[str, Any]
    fired: int


@dataclass(frozen=True, slots=True)
class NewFault:
    then: Annotated[
        dict[str, Any] | str, body('what it does, such as `"close"` or `{"action": "delay", "ms": 200}`')
    ]
    match: Annotated[
        dict[str, Any],
        body(f"what it is about: {', '.join(one.name for one in fields(Match))}"),
    ] = field(default_factory=dict)
    when: Annotated[
        dict[str, Any], body(f"which of these: {', '.join(one.name for one in fields(When))}")
    ] = field(default_factory=dict)
    id: Annotated[str, body("names it; else it is given a name")] = ""


@dataclass(frozen=True, slots=True)
class OneFault:
    id: Annotated[str, path("its id")]


async def faults(scope: Scope, asked: Nothing) -> list[FaultAnswer]:
    return [_answer(armed) for armed in scope.rules.in_force]


async def fault(scope: Scope, asked: OneFault) -> FaultAnswer:
    return _answer(_find(scope, asked.id))


async def add(scope: Scope, asked: NewFault) -> FaultAnswer:
    rule = from_json({"id": asked.id, "match": asked.match, "when": asked.when, "then": asked.then})
    return _answer(await scope.rules.add(rule))


async def heal(scope: Scope, asked: OneFault) -> FaultAnswer:
    armed = _find(scope, asked.id)
    await scope.rules.remove(armed)
    return _answer(armed)


async def heal_all(scope: Scope, asked: Nothing) -> list[FaultAnswer]:
    healed = list(scope.rules.in_force)
    await scope.rules.clear()
    return [_answer(armed) for armed in healed]


def _find(scope: Scope, fault_id: str) -> Armed:
    in_force = scope.rules.in_force
    for armed in in_force:
        if armed.rule.id == fault_id:
            return armed
    raise missing("fault", fault_id, [armed.rule.id for armed in in_force])


def _answer(armed: Armed) -> FaultAnswer:
    plain = {"match": {}, "when": {}} | status(armed)
    return FaultAnswer(**plain)


ROUTES: Final[tuple[AnyRoute, ...]] = (
    Route("GET", "/v1/faults", "Every fault in force.", Nothing, list[FaultAnswer], faults),
    Route(
        "POST", "/v1/faults", "Let something go wrong from now on; the rule is that of `kafka.faults`.",
        NewFault, FaultAnswer, add, HTTPStatus.CREATED,
        example='{"match": {"api": "Produce", "topic": "orders"}, "when": {"times": 1}, "then": "drop_response"}',
    ),
    Route(
        "DELETE", "/v1/faults", "Heal every fault; answers with what each did.", Nothing, list[FaultAnswer], heal_all
    ),
    Route("GET", "/v1/faults/{id}", "One fault, and how often it fired.", OneFault, FaultAnswer, fault),
    Route("DELETE", "/v1/faults/{id}", "Heal one fault; answers with what it did.", OneFault, FaultAnswer, heal),
)  # fmt: skip
