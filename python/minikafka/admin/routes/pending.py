"""What the interface promises and this process cannot do yet: 501, by name, rather than a path that is not there."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Final

from minikafka.admin.problem import Problem
from minikafka.admin.route import AnyRoute, Nothing, Route
from minikafka.admin.scope import Scope

PENDING: Final = {
    "/v1/snapshot": "a snapshot of the cluster",
    "/v1/restore": "going back to a snapshot",
    "/v1/reset": "going back to the beginning",
}


def _refusing(what: str) -> Callable[[Scope, Nothing], Awaitable[None]]:
    async def refuse(scope: Scope, asked: Nothing) -> None:
        raise Problem(HTTPStatus.NOT_IMPLEMENTED, f"{what} is not there yet over HTTP")

    return refuse


ROUTES: Final[tuple[AnyRoute, ...]] = tuple(
    Route(
        "POST",
        path,
        f"Not there yet: {what} (501).",
        Nothing,
        type(None),
        _refusing(what),
        HTTPStatus.NOT_IMPLEMENTED,
    )
    for path, what in PENDING.items()
)
