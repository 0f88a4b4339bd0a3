"""`/v1/clock`: broker time in the hands of a test in any language."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Final, NamedTuple

from minikafka.admin.problem import Problem
from minikafka.admin.route import AnyRoute, Nothing, Route, body
from minikafka.admin.scope import Scope
from minikafka.faults.names import nearest
from minikafka.trace import KINDS

A_WEEK_S: Final = 7 * 24 * 3600.0


class ClockAnswer(NamedTuple):
    """Broker time. monotonic_ms: for deadlines. wall_ms: for timestamps, since 1970. events: of the moment that
    `run_to_next` stopped at."""

    monotonic_ms: int
    wall_ms: int
    is_frozen: bool
    events: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Turn:
    freeze: Annotated[bool | None, body("let time stand still, or go on; done before all else")] = None
    seconds: Annotated[
        float, body("move time forward by so much, and let happen what falls into it", least=0)
    ] = 0.0
    ms: Annotated[float, body("the same, to be added", least=0)] = 0.0
    run_to_next: Annotated[
        bool | str | None, body("move time until an event happens, of this kind if one is named")
    ] = None
    within: Annotated[
        float, body("seconds of broker time in which `run_to_next` must find one; then 504", least=0)
    ] = A_WEEK_S
    expire_live: Annotated[bool, body("judge members of groups whose connection is open like any other")] = (
        False
    )


async def clock(scope: Scope, asked: Nothing) -> ClockAnswer:
    return await _answer(scope, [])


async def turn(scope: Scope, asked: Turn) -> ClockAnswer:
    clock = scope.whole.supervisor.clock
    by_ms = round(asked.seconds * 1000 + asked.ms)
    kind = asked.run_to_next if isinstance(asked.run_to_next, str) else None
    if by_ms and asked.run_to_next:
        raise Problem(422, "field 'run_to_next' goes with neither 'seconds' nor 'ms'")
    if kind is not None and kind not in KINDS:
        raise Problem(422, f"field 'run_to_next': there is no kind of event {kind!r}{nearest(kind, KINDS)}")
    if asked.freeze is not None:
        await (clock.freeze() if asked.freeze else clock.resume())
    if by_ms:
        await clock.advance(by_ms, expire_live=asked.expire_live)
    if not asked.run_to_next:
        return await _answer(scope, [])
    told = await clock.run_to_next(kind, round(asked.within * 1000), expire_live=asked.expire_live)
    if not told:
        raise Problem(504, f"no {kind or 'event'} within {asked.within:g} s of broker time")
    return await _answer(scope, [event.as_dict() for event in told])


async def _answer(scope: Scope, events: list[dict[str, Any]]) -> ClockAnswer:
    clock = scope.whole.supervisor.clock
    now = await clock.now()
    return ClockAnswer(now.monotonic_ms, now.wall_ms, clock.is_frozen, events)


ROUTES: Final[tuple[AnyRoute, ...]] = (
    Route("GET", "/v1/clock", "Broker time.", Nothing, ClockAnswer, clock, whole=True),
    Route(
        "POST", "/v1/clock",
        "Freeze broker time, let it go on, move it forward, or run to the next event. Answers once it has.",
        Turn, ClockAnswer, turn, whole=True, example='{"freeze": true, "seconds": 60}',
    ),
)  # fmt: skip
