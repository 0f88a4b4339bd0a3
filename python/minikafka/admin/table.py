"""All routes, and finding the one that is meant."""

from __future__ import annotations

from typing import Final, NamedTuple
from urllib.parse import unquote

from minikafka.admin.problem import Problem
from minikafka.admin.route import AnyRoute
from minikafka.admin.routes import (
    clock,
    events,
    faults,
    groups,
    metrics,
    network,
    nodes,
    page,
    snapshots,
    status,
    topics,
    verdict,
    wait,
)
from minikafka.faults.names import nearest

ROUTES: Final[tuple[AnyRoute, ...]] = (
    *status.ROUTES,
    *nodes.ROUTES,
    *network.ROUTES,
    *topics.ROUTES,
    *groups.ROUTES,
    *faults.ROUTES,
    *wait.ROUTES,
    *clock.ROUTES,
    *events.ROUTES,
    *verdict.ROUTES,
    *snapshots.ROUTES,
    *metrics.ROUTES,
    *page.ROUTES,
)


class Found(NamedTuple):
    """A route, and the values of the names in its path."""

    route: AnyRoute
    names: dict[str, str]


def find(method: str, path: str) -> Found:
    """The route for `path` (without its query, still percent-encoded). HEAD is answered as GET is.

    Raises Problem: 404 with the nearest path there is, 405 with the methods it has.
    """
    segments = path.strip("/").split("/")
    allowed = set()
    for route in ROUTES:
        names = route.match(segments)
        if names is None:
            continue
        if route.method == ("GET" if method == "HEAD" else method):
            return Found(route, names)
        allowed.add(route.method)
    if allowed:
        methods = ", ".join(sorted(allowed | ({"HEAD"} if "GET" in allowed else set())))
        raise Problem(405, f"{path} takes {methods}, not {method}", (("Allow", methods),))
    raise Problem(
        404, f"there is no {unquote(path)[:200]!r}{nearest(path, {route.path for route in ROUTES})}"
    )
