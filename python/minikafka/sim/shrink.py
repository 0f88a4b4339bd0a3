"""A failing run, made smaller for as long as it goes on failing in the same way.

What is left out, in this order, over and over until nothing more can be: strikes, load, settings that are not plain,
and time. A run is a few hundredths of a second, so trying is cheaper than thinking. What remains is not the smallest
possible, only one from which nothing can be taken away in one step.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Final

from minikafka.sim.case import Case
from minikafka.sim.swarm import GROUPS, Settings

MOST_RUNS: Final = 400
LEAST_MS: Final = 10
PLAIN: Final = {
    "consumers": 0,
    "in_flight": 1,
    "segment_bytes": 0,
    "retention_bytes": -1,
    "partitions": 1,
    "offsets_segment_bytes": 0,
}


def kind_of(violation: str) -> str:
    """What went wrong, without where and when."""
    return violation.split(":", 1)[0].split(" ", 1)[0]


def shrink(case: Case, tell: Callable[[Case], None] = lambda case: None) -> Case:
    """A smaller one that fails as `case` does; `case` itself when it does not fail. `tell` hears of each success."""
    violations = case.run().violations
    if not violations:
        return case
    wanted = kind_of(violations[0])
    runs = 0
    progress = True
    while progress and runs < MOST_RUNS:
        progress = False
        for smaller in _smaller(case):
            runs += 1
            if any(kind_of(violation) == wanted for violation in smaller.run().violations):
                case, progress = smaller, True
                tell(case)
                break
            if runs >= MOST_RUNS:
                break
    return case


def _smaller(case: Case) -> Iterator[Case]:
    """Everything one step away, the greatest savings first."""
    strikes = case.strikes
    for index in range(len(strikes)):
        yield case._replace(strikes=(*strikes[:index], *strikes[index + 1 :]))
    for settings in _less(case.settings):
        yield case._replace(settings=settings)
    for index, strike in enumerate(strikes):
        for shorter in (
            strike._replace(lasts_ms=strike.lasts_ms // 2),
            strike._replace(quiet_ms=strike.quiet_ms // 2),
        ):
            if min(shorter.lasts_ms, shorter.quiet_ms) >= LEAST_MS:
                yield case._replace(strikes=(*strikes[:index], shorter, *strikes[index + 1 :]))


def _less(settings: Settings) -> Iterator[Settings]:
    if settings.producers > 1:
        yield replace(settings, producers=1)
        yield replace(settings, producers=settings.producers - 1)
    if settings.records > 1:
        yield replace(settings, records=settings.records // 2)
        yield replace(settings, records=settings.records - 1)
    if settings.workload == GROUPS:
        yield from _fewer_members(settings)
    for name, plain in PLAIN.items():
        if getattr(settings, name) != plain:
            yield replace(settings, **{name: plain})  # type: ignore[arg-type]


def _fewer_members(settings: Settings) -> Iterator[Settings]:
    for kind in settings.groups if len(settings.groups) > 1 else ():
        yield replace(settings, groups=tuple(other for other in settings.groups if other != kind))
    for name in ("members", "churn", "static_members"):
        value: int = getattr(settings, name)
        if value > (name == "members"):
            yield replace(settings, **{name: value - 1})  # type: ignore[arg-type]
