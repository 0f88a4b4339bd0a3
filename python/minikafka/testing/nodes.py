"""Handles of brokers and of the controller: the levers."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from minikafka.runtime.host import NodeHost
from minikafka.runtime.supervisor import Supervisor
from minikafka.types import BrokerId

if TYPE_CHECKING:
    from minikafka.testing.cluster import Cluster


class NodeHandle:
    """One node, dead or alive; its port and directory are kept for it."""

    def __init__(self, cluster: Cluster, find: Callable[[Supervisor], NodeHost[Any]]) -> None:
        self._cluster = cluster
        self._find = find

    @property
    def state(self) -> str:
        """`running`, `paused`, `stopped` (or killed), or `halted` (on a broken invariant)."""
        return str(self._cluster.look(lambda supervisor: self._find(supervisor).state.value))

    @property
    def is_alive(self) -> bool:
        return bool(self._cluster.look(lambda supervisor: self._find(supervisor).is_alive))

    @property
    def data_dir(self) -> str:
        """Its own folder in the cluster's data directory."""
        return str(self._cluster.look(lambda supervisor: self._find(supervisor).directory))

    def start(self) -> None:
        """A new life on the same port and directory, with recovery; returns when it serves. No-op while alive."""
        self._cluster.run(lambda supervisor: supervisor.start_node(self._find(supervisor)))

    def stop(self) -> None:
        """Stop cleanly: hand leadership over, flush. No-op while not alive."""
        self._cluster.run(lambda supervisor: self._find(supervisor).stop())

    def kill(self) -> None:
        """Process death: connections are reset, memory is gone, the page cache survives."""
        self._cluster.look(lambda supervisor: self._find(supervisor).kill())

    def power_loss(self, seed: int | None = None) -> None:
        """Kill, and lose what was not on disk: all of it, or with `seed` a random, torn part."""
        self._cluster.run(lambda supervisor: self._find(supervisor).power_loss(seed))

    def pause(self) -> None:
        """Deliver no event to it, as if its process were stopped; connections stay open."""
        self._cluster.look(lambda supervisor: self._find(supervisor).pause())

    def resume(self) -> None:
        """Go on where it was paused; its broker time stood still."""
        self._cluster.look(lambda supervisor: self._find(supervisor).resume())


class BrokerHandle(NodeHandle):
    """One broker."""

    def __init__(self, cluster: Cluster, broker: BrokerId) -> None:
        super().__init__(cluster, lambda supervisor: supervisor.brokers[broker])
        self.id = broker

    @property
    def address(self) -> str:
        """`HOST:PORT` as clients are told."""
        host, port = self._cluster.look(lambda supervisor: supervisor.client_address(self.id))
        return f"{host}:{port}"
