"""What a node is made from: plain data, so that it can be handed to another process."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from minikafka.broker.broker import Broker, Identity
from minikafka.broker.controller_node import ControllerIdentity, ControllerNode
from minikafka.broker.peers import Endpoint
from minikafka.config import BrokerSettings, ConfigValue, Layer, resolve
from minikafka.faults.book import Rules
from minikafka.log.port import Disk
from minikafka.runtime.directories import DataDirectory
from minikafka.runtime.spec import ClusterSpec
from minikafka.trace import Trace
from minikafka.types import CLIENT_LISTENER, CONTROLLER_ID, BrokerId, Offset


class PlannedLayer(NamedTuple):
    """A `config.Layer`."""

    source: str
    values: Mapping[str, ConfigValue]
    lenient: bool


class PlannedListener(NamedTuple):
    """One more for clients. listen: where they come. advertised: what they are told."""

    name: str
    listen: tuple[str, int]
    advertised: tuple[str, int]

    @property
    def registered(self) -> str:
        """The name that the controller knows it by, which no name of ours can be."""
        return f"{CLIENT_LISTENER}_{self.name}"


class NodePlan(NamedTuple):
    """One broker, or the controller.

    listen: where clients come; the controller's only listener. internal: where peers come. advertised: what clients
    are told. further: more of the first kind. controller: where the controller is. layers, profile, brokers,
    separate_processes: what `config.resolve` takes. tracked: whether the disk remembers what was not synced, so that
    power can be cut. real_sync: whether an fsync of such a disk also is one; nobody needs a temporary directory after
    the machine failed.
    trace: whether events are told from the start. metadata_from: where a broker begins to read the metadata log.
    """

    node: BrokerId
    cluster_id: str
    directory: str
    directory_id: bytes
    listen: tuple[str, int]
    internal: tuple[str, int]
    advertised: tuple[str, int]
    further: list[PlannedListener]
    controller: tuple[str, int]
    layers: list[PlannedLayer]
    profile: str
    brokers: int
    separate_processes: bool
    durability: str
    features: Mapping[str, int]
    tracked: bool
    real_sync: bool
    trace: bool
    metadata_from: Offset = 0

    @property
    def is_controller(self) -> bool:
        return self.node == CONTROLLER_ID

    @property
    def addresses(self) -> list[tuple[str, int]]:
        """Where it listens: the clients' address, further ones, the peers'."""
        if self.is_controller:
            return [self.listen]
        return [self.listen, *(one.listen for one in self.further), self.internal]

    def settings(self) -> BrokerSettings:
        """Raises ConfigError."""
        return resolve(
            [Layer(*layer) for layer in self.layers],
            profile=self.profile,
            brokers=self.brokers,
            separate_processes=self.separate_processes,
        ).broker


def plan_of(
    node: BrokerId,
    spec: ClusterSpec,
    directory: DataDirectory,
    cluster_id: str,
    listen: Sequence[tuple[str, int]],
    controller: tuple[str, int],
) -> NodePlan:
    """The node of `spec` that listens on `listen`, in the order of `NodePlan.addresses`."""
    is_broker = node != CONTROLLER_ID
    return NodePlan(
        node=node,
        cluster_id=cluster_id,
        directory=directory.of(node),
        directory_id=directory.directory_id(node, cluster_id),
        listen=listen[0],
        internal=listen[-1],
        advertised=spec.advertised_address(node, listen[0][1]) if is_broker else listen[0],
        further=[
            PlannedListener(one.name, address, one.advertised(node, address[1]))
            for one, address in zip(spec.listeners, listen[1:-1], strict=is_broker)
        ],
        controller=controller,
        layers=[
            PlannedLayer(one.source, dict(one.values), one.lenient)
            for one in spec.layers_of(node if is_broker else None)
        ],
        profile=spec.profile,
        brokers=spec.brokers,
        separate_processes=spec.separate_processes,
        durability=spec.durability,
        features=dict(spec.features),
        tracked=spec.faults,
        real_sync=not (spec.models_sync and directory.is_temporary),
        trace=spec.trace,
    )


def build(
    plan: NodePlan, disk: Disk, *, new_uuid: Callable[[], bytes], rules: Rules, trace: Trace
) -> Broker | ControllerNode:
    """A new node object for one life; `trace` is the same in the next one."""
    if plan.is_controller:
        return ControllerNode(
            ControllerIdentity(plan.cluster_id, plan.features),
            plan.settings(),
            disk,
            plan.directory,
            new_uuid=new_uuid,
            rules=rules,
            trace=trace,
        )
    return Broker(
        Identity(
            plan.node,
            plan.cluster_id,
            new_uuid(),
            plan.directory_id,
            *plan.advertised,
            *plan.internal,
            tuple((one.registered, *one.advertised) for one in plan.further),
        ),
        plan.settings(),
        disk,
        plan.directory,
        Endpoint(*plan.controller),
        durability=plan.durability,
        new_uuid=new_uuid,
        rules=rules,
        trace=trace,
        metadata_from=plan.metadata_from,
    )
