"""`GET /v1/verdict`: what became of what producers were told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Final, NamedTuple

from minikafka.admin.problem import Problem
from minikafka.admin.route import AnyRoute, Route, query
from minikafka.admin.scope import Scope


class VerdictAnswer(NamedTuple):
    """acknowledged: records whose acknowledgement left the brokers. findings: each with the events that led to it.
    inconclusive: partitions that cannot be judged, and why; never counted as clean."""

    acknowledged: int
    findings: list[dict[str, Any]]
    inconclusive: dict[str, str]


@dataclass(frozen=True, slots=True)
class Asked:
    id_header: Annotated[
        str | None, query("a header that names a record; without it, a duplicate is possible")
    ] = None


async def verdict(scope: Scope, asked: Asked) -> VerdictAnswer:
    judge = scope.whole.judge
    if judge is None:
        raise Problem(
            409, "nothing was recorded, so nothing can be judged: start with `minikafka serve --trace FILE`"
        )
    return VerdictAnswer(**(await judge(asked.id_header)).as_dict())


ROUTES: Final[tuple[AnyRoute, ...]] = (
    Route(
        "GET", "/v1/verdict",
        "Which acknowledged records are lost or can be read twice, and how that came; 409 if nothing was recorded.",
        Asked, VerdictAnswer, verdict, whole=True, example="id_header=id",
    ),
)  # fmt: skip
