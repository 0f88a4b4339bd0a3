"""The cluster, its brokers and its controller: what they are, and the levers of their lives."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Final, NamedTuple

from minikafka import __version__
from minikafka.admin.route import AnyRoute, Nothing, Route, body, path
from minikafka.admin.scope import Scope, node_of
from minikafka.runtime.control.cluster import ClusterView
from minikafka.runtime.control.port import HostedNode
from minikafka.runtime.control.views import HEALTH
from minikafka.runtime.links import CLIENTS
from minikafka.types import CONTROLLER_ID, BrokerId


class NodeAnswer(NamedTuple):
    """state: `running`, `paused`, `stopped` (or killed), `halted`. in_service: registered and unfenced; of the
    controller, alive. pid: of its process, null while it has none. lifecycle: where a broker is in its life with the
    controller. halted: why it ended itself on a broken invariant."""

    id: BrokerId
    state: str
    in_service: bool
    lifecycle: str
    address: str
    pid: int | None
    broker_epoch: int
    data_dir: str
    halted: str | None


class ClusterAnswer(NamedTuple):
    """active_brokers: those the controller counts in. recording: whether events are kept although nobody listens."""

    version: str
    bootstrap_servers: str
    active_brokers: list[BrokerId]
    controller: NodeAnswer | None
    brokers: list[NodeAnswer]
    features: Mapping[str, int]
    recording: bool
    last_event: int


@dataclass(frozen=True, slots=True)
class OneBroker:
    id: Annotated[int, path("a broker, 1 to N")]


@dataclass(frozen=True, slots=True)
class BrokerPowerLoss:
    id: Annotated[int, path("a broker, 1 to N")]
    seed: Annotated[int | None, body("lose a random, torn part instead of everything unsynced", least=0)] = (
        None
    )


@dataclass(frozen=True, slots=True)
class ControllerPowerLoss:
    seed: Annotated[int | None, body("lose a random, torn part instead of everything unsynced", least=0)] = (
        None
    )


@dataclass(frozen=True, slots=True)
class IsolateBroker:
    id: Annotated[int, path("a broker, 1 to N")]
    clients: Annotated[bool, body("cut it off from clients too")] = False


async def cluster(scope: Scope, asked: Nothing) -> ClusterAnswer:
    view = await scope.look(HEALTH)
    nodes = [_answer(scope, node, view) for node in scope.nodes]
    features = next((one.features for one in view.nodes.values()), {})
    return ClusterAnswer(
        __version__,
        scope.bootstrap_servers,
        view.active_brokers,
        next((node for node in nodes if node.id == CONTROLLER_ID), None),
        [node for node in nodes if node.id != CONTROLLER_ID],
        features,
        scope.is_recording,
        scope.history.last_seq,
    )


async def brokers(scope: Scope, asked: Nothing) -> list[NodeAnswer]:
    view = await scope.look(HEALTH)
    return [_answer(scope, node, view) for node in scope.nodes if node.node_id != CONTROLLER_ID]


async def broker(scope: Scope, asked: OneBroker) -> NodeAnswer:
    return await _told(scope, _broker_of(scope, asked.id).node_id)


async def controller(scope: Scope, asked: Nothing) -> NodeAnswer:
    return await _told(scope, CONTROLLER_ID)


def _answer(scope: Scope, node: HostedNode, view: ClusterView) -> NodeAnswer:
    seen = view.nodes.get(node.node_id)
    is_controller = node.node_id == CONTROLLER_ID
    return NodeAnswer(
        node.node_id,
        node.state.value,
        seen is not None and seen.is_running,
        "" if seen is None else seen.state,
        "" if is_controller else "{}:{}".format(*scope.address(node.node_id)),
        node.pid,
        -1 if seen is None else seen.broker_epoch,
        node.directory,
        node.halted.why if node.halted is not None and not node.halted.clean else None,
    )


async def _told(scope: Scope, number: BrokerId) -> NodeAnswer:
    node = node_of(scope, number)
    return _answer(scope, node, await scope.look(HEALTH))


# The levers.


async def _stop(scope: Scope, node: HostedNode) -> None:
    await node.stop()


async def _kill(scope: Scope, node: HostedNode) -> None:
    node.kill()


async def _start(scope: Scope, node: HostedNode) -> None:
    await scope.whole.supervisor.start_node(node)


async def _pause(scope: Scope, node: HostedNode) -> None:
    await node.pause()


async def _resume(scope: Scope, node: HostedNode) -> None:
    node.resume()


Lever = Callable[[Scope, HostedNode], Awaitable[None]]

LEVERS: Final[Mapping[str, tuple[Lever, str]]] = {
    "stop": (_stop, "Stop {} cleanly: leadership handed over, logs flushed."),
    "kill": (_kill, "Kill {}: connections are reset, memory is gone, the page cache survives."),
    "start": (_start, "Start {} on the same port and directory, with recovery; answers once it serves."),
    "pause": (_pause, "Let {} stand still, its connections open."),
    "resume": (_resume, "Let {} go on where it was paused."),
}


async def power_loss(scope: Scope, asked: BrokerPowerLoss) -> NodeAnswer:
    await _broker_of(scope, asked.id).power_loss(asked.seed)
    return await _told(scope, asked.id)


async def controller_power_loss(scope: Scope, asked: ControllerPowerLoss) -> NodeAnswer:
    await node_of(scope, CONTROLLER_ID).power_loss(asked.seed)
    return await _told(scope, CONTROLLER_ID)


async def isolate(scope: Scope, asked: IsolateBroker) -> NodeAnswer:
    _broker_of(scope, asked.id)
    await scope.whole.supervisor.isolate(asked.id, clients=asked.clients)
    return await _told(scope, asked.id)


async def isolate_controller(scope: Scope, asked: Nothing) -> NodeAnswer:
    await scope.whole.supervisor.isolate(CONTROLLER_ID)
    return await _told(scope, CONTROLLER_ID)


def _lever_routes(verb: str, lever: Lever, about: str) -> list[AnyRoute]:
    async def of_broker(scope: Scope, asked: OneBroker) -> NodeAnswer:
        await lever(scope, _broker_of(scope, asked.id))
        return await _told(scope, asked.id)

    async def of_controller(scope: Scope, asked: Nothing) -> NodeAnswer:
        await lever(scope, node_of(scope, CONTROLLER_ID))
        return await _told(scope, CONTROLLER_ID)

    return [
        Route(
            "POST", f"/v1/brokers/{{id}}/{verb}", about.format("a broker"), OneBroker, NodeAnswer, of_broker, whole=True
        ),
        Route(
            "POST", f"/v1/controller/{verb}", about.format("the controller"), Nothing, NodeAnswer, of_controller,
            whole=True,
        ),
    ]  # fmt: skip


def _broker_of(scope: Scope, number: BrokerId) -> HostedNode:
    # The controller has its own path, though its number is known.
    return node_of(scope, CLIENTS if number == CONTROLLER_ID else number)


ROUTES: Final[tuple[AnyRoute, ...]] = (
    Route("GET", "/v1/cluster", "The cluster at a glance.", Nothing, ClusterAnswer, cluster),
    Route("GET", "/v1/brokers", "Every broker, dead or alive.", Nothing, list[NodeAnswer], brokers),
    Route("GET", "/v1/brokers/{id}", "One broker.", OneBroker, NodeAnswer, broker),
    Route("GET", "/v1/controller", "The controller.", Nothing, NodeAnswer, controller),
    *(route for verb, (lever, about) in LEVERS.items() for route in _lever_routes(verb, lever, about)),
    Route(
        "POST", "/v1/brokers/{id}/power_loss",
        "Cut the power of a broker: it dies, and what was not on disk is gone.",
        BrokerPowerLoss, NodeAnswer, power_loss, whole=True, example='{"seed": 7}',
    ),
    Route(
        "POST", "/v1/controller/power_loss", "Cut the power of the controller.",
        ControllerPowerLoss, NodeAnswer, controller_power_loss, whole=True,
    ),
    Route(
        "POST", "/v1/brokers/{id}/isolate",
        "Cut a broker off from all others and the controller; `/v1/network/heal` ends it.",
        IsolateBroker, NodeAnswer, isolate, whole=True, example='{"clients": true}',
    ),
    Route(
        "POST", "/v1/controller/isolate", "Cut the controller off from all brokers.",
        Nothing, NodeAnswer, isolate_controller, whole=True,
    ),
)  # fmt: skip
