"""Handles of brokers and of the controller: the levers."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from minikafka.runtime.control.port import HostedNode
from minikafka.testing.running import Running
from minikafka.types import BrokerId

T = TypeVar("T")


class NodeHandle:
    """One node, dead or alive; its port and directory are kept for it."""

    def __init__(self, cluster: Running, node: BrokerId) -> None:
        self._cluster = cluster
        self.id = node

    def _look(self, at: Callable[[HostedNode], T]) -> T:
        return self._cluster.look(lambda supervisor: at(supervisor.node(self.id)))

    @property
    def state(self) -> str:
        """`running`, `paused`, `stopped` (or killed), or `halted` (on a broken invariant)."""
        return self._look(lambda node: node.state.value)

    @property
    def is_alive(self) -> bool:
        return self._look(lambda node: node.is_alive)

    @property
    def pid(self) -> int | None:
        """Of the process it runs in: its own in mode `process` (None while it is dead), else this one."""
        return self._look(lambda node: node.pid)

    @property
    def data_dir(self) -> str:
        """Its own folder in the cluster's data directory."""
        return self._look(lambda node: node.directory)

    def start(self) -> None:
        """A new life on the same port and directory, with recovery; returns when it serves. No-op while alive.

        While `kafka.clock` is frozen, broker time moves on as far as that takes.
        """
        self._cluster.run(lambda supervisor: supervisor.start_node(supervisor.node(self.id)))

    def stop(self) -> None:
        """Stop cleanly: hand leadership over, flush. No-op while not alive."""
        self._cluster.run(lambda supervisor: supervisor.node(self.id).stop())

    def kill(self) -> None:
        """Process death: connections are reset, memory is gone, the page cache survives. SIGKILL in mode `process`."""
        self._look(lambda node: node.kill())

    def power_loss(self, seed: int | None = None) -> None:
        """Kill, and lose what was not on disk: all of it, or with `seed` a random, torn part.

        In mode `process` the process does this to itself, so it must live, or have been stopped cleanly; else raises
        MinikafkaError.
        """
        self._cluster.run(lambda supervisor: supervisor.node(self.id).power_loss(seed))

    def pause(self) -> None:
        """Let it stand still, connections open: SIGSTOP in mode `process`, in a thread no event is delivered to it."""
        self._cluster.run(lambda supervisor: supervisor.node(self.id).pause())

    def resume(self) -> None:
        """Go on where it was paused; its broker time stood still."""
        self._look(lambda node: node.resume())


class BrokerHandle(NodeHandle):
    """One broker."""

    @property
    def address(self) -> str:
        """`HOST:PORT` as clients are told."""
        host, port = self._cluster.look(lambda supervisor: supervisor.client_address(self.id))
        return f"{host}:{port}"

    def freeze_metadata(self) -> None:
        """Let what it tells clients of the cluster stand still (R19), until `thaw_metadata` or its next life: Metadata,
        DescribeTopicPartitions, DescribeCluster and FindCoordinator are answered out of its image of now.

        The broker itself goes on with the newest metadata: it leads, follows and refuses by it, and its errors name the
        true leader (KIP-951). Kafka shows this whenever one broker has heard of a change and another has not; a
        broker that lags in everything is `cut(n, "controller")`, and is fenced when its session ends.
        """
        self._hold_metadata(held=True)

    def thaw_metadata(self) -> None:
        """Tell clients the newest metadata again."""
        self._hold_metadata(held=False)

    def _hold_metadata(self, *, held: bool) -> None:
        self._cluster.run(lambda supervisor: supervisor.node(self.id).hold_metadata(held=held))
