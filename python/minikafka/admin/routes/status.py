"""`/v1/status`: for whoever starts and watches the process."""

from __future__ import annotations

from typing import NamedTuple

from minikafka.admin.problem import Problem
from minikafka.admin.route import Nothing, Route
from minikafka.admin.scope import Scope, named
from minikafka.runtime.control.views import HEALTH, NodeView


class Ready(NamedTuple):
    ready: bool
    bootstrap_servers: str


class Live(NamedTuple):
    live: bool


async def ready(scope: Scope, asked: Nothing) -> Ready:
    """Every node of this process is in service; a broker that a test killed makes it unready, as it should."""
    view = await scope.look(HEALTH)
    out = [node.node_id for node in scope.nodes if not _serves(view.nodes.get(node.node_id))]
    if out:
        raise Problem(503, f"not in service: {', '.join(map(named, out))}")
    return Ready(True, scope.bootstrap_servers)


def _serves(view: NodeView | None) -> bool:
    return view is not None and view.is_running


async def live(scope: Scope, asked: Nothing) -> Live:
    """The process answers, and no node has broken."""
    for node in scope.halted:
        raise Problem(503, f"{named(node.node_id)} halted: {node.halted.why if node.halted else ''}")
    return Live(True)


ROUTES = (
    Route(
        "GET", "/v1/status/ready",
        "Whether clients can connect: every broker is registered, unfenced and in service; 503 says which is not.",
        Nothing, Ready, ready,
    ),
    Route("GET", "/v1/status/live", "Whether the process is well; 503 when a node broke.", Nothing, Live, live),
)  # fmt: skip
