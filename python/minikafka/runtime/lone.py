"""One node of a cluster, alone in this process: a broker that joins a controller elsewhere, or the controller itself.

The same node on the same RPCs as in a cluster of one process; only who starts whom is different. Nodes that run alone
may share a data directory, each with its folder, or have one each.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from typing import Final

from minikafka._core import Disk
from minikafka.errors import ConfigError, MinikafkaError, WaitTimeout
from minikafka.faults.book import Rules
from minikafka.runtime import rpc
from minikafka.runtime.calls import Calls
from minikafka.runtime.control.cluster import ClusterView
from minikafka.runtime.control.port import HostedNode
from minikafka.runtime.control.until import until
from minikafka.runtime.control.views import HEALTH, Question
from minikafka.runtime.directories import DataDirectory
from minikafka.runtime.driver import Driver
from minikafka.runtime.embedded import EmbeddedNode, EmbeddedRules, InThisProcess, Place
from minikafka.runtime.plan import plan_of
from minikafka.runtime.ports import INTERNAL_HOST, Port
from minikafka.runtime.spec import ClusterSpec
from minikafka.trace import Trace
from minikafka.types import CONTROLLER_ID, BrokerId
from minikafka.wire.messages import describe_cluster

JOIN_TIMEOUT_S: Final = 30.0
"""For the controller to answer, and then to count a broker in."""
RETRY_S: Final = 0.1
DESCRIBE_CLUSTER_VERSION: Final = 1
CONTROLLERS: Final = 2


class LoneNode:
    """Holds a port and a directory from construction to `close`. Everything else runs on the loop."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        spec: ClusterSpec,
        node: BrokerId,
        port: int,
        controller: tuple[str, int] | None,
    ) -> None:
        """`port` 0: the system chooses. `controller`: where it is, None for the controller. Raises ConfigError."""
        self.driver = Driver(loop)
        self.halted: list[HostedNode] = []
        self.spec = spec
        self._rules = Rules()
        self._calls = Calls(loop, self.driver.look_around)
        self.rules = EmbeddedRules(self._rules, self._calls, tracked=False)
        self._node_id = node
        self._controller = controller
        self._node: EmbeddedNode | None = None
        self.directory = DataDirectory(spec.data_dir, node)
        self._ports: list[Port] = []
        try:
            self._ports.append(Port(spec.host, port))
            if node != CONTROLLER_ID:
                self._ports += [Port(one.host, one.port_of(node)) for one in spec.listeners]
                self._ports.append(Port(INTERNAL_HOST))
        except BaseException:
            self._release()
            raise

    @property
    def watchers(self) -> list[Callable[[], None]]:
        return self.driver.watchers

    @property
    def address(self) -> tuple[str, int]:
        """Where others are told to find it."""
        port = self._ports[0].port
        if self._node_id == CONTROLLER_ID:
            return self._ports[0].host, port
        return self.spec.advertised_address(self._node_id, port)

    @property
    def listeners(self) -> dict[str, tuple[str, int]]:
        """What clients of its further listeners are told, by name."""
        ports = self._ports[1:-1]
        return {
            one.name: one.advertised(self._node_id, port.port)
            for one, port in zip(self.spec.listeners, ports, strict=False)
        }

    @property
    def node(self) -> HostedNode:
        """Once started."""
        assert self._node is not None, "asked for before it was started"
        return self._node

    async def look(self, question: Question) -> ClusterView:
        """The answer of the one node."""
        return self._seen(question)

    def _seen(self, question: Question) -> ClusterView:
        view = self.node.seen(question)
        return ClusterView({} if view is None else {self._node_id: view})

    async def until(
        self,
        question: Question,
        predicate: Callable[[ClusterView], bool],
        timeout_s: float,
        say: Callable[[ClusterView], str],
    ) -> ClusterView:
        """Wait until `predicate` holds of the node's answer; no polling. Raises WaitTimeout."""
        return await until(lambda: self._seen(question), predicate, self.watchers, timeout_s, say)

    async def start(self) -> None:
        """Return when it serves: a broker, when it is registered, unfenced and knows it.

        Raises ConfigError when the controller does not answer, or is another cluster's.
        """
        listen = [(port.host, port.port) for port in self._ports]
        plan = plan_of(
            self._node_id,
            self.spec,
            self.directory,
            await self._cluster_id(),
            listen,
            self._controller or listen[0],
        )
        deeds = InThisProcess(self.driver, self._calls)
        self._node = deeds.node = EmbeddedNode(
            self.driver,
            Place(plan, self._ports),
            Disk.os(),
            lambda: os.urandom(16),
            self._rules,
            self.halted.append,
            Trace(on=plan.trace),
            deeds,
        )
        self.rules.nodes.append(self._node)
        await self._node.start()
        try:
            await self.until(HEALTH, self._serves_or_broke, JOIN_TIMEOUT_S, lambda _: "not in service")
        except WaitTimeout:
            raise ConfigError(f"the controller at {self._where()} did not count this broker in") from None

    async def _cluster_id(self) -> str:
        """The controller decides; a directory that knows is enough while the controller does not answer."""
        if self._controller is None:
            return self.directory.cluster_id
        known = self.directory.known_cluster_id
        deadline = asyncio.get_running_loop().time() + JOIN_TIMEOUT_S
        while True:
            try:
                return self.directory.join(await self._ask_cluster_id(*self._controller))
            except ConfigError:
                raise
            except MinikafkaError as error:
                if known is not None:
                    return known
                if asyncio.get_running_loop().time() > deadline:
                    raise ConfigError(f"no controller answers at {self._where()}: {error}") from None
            await asyncio.sleep(RETRY_S)

    async def _ask_cluster_id(self, host: str, port: int) -> str:
        request = describe_cluster.DescribeClusterRequest(endpoint_type=CONTROLLERS)
        response = await rpc.call(host, port, request, DESCRIBE_CLUSTER_VERSION)
        assert isinstance(response, describe_cluster.DescribeClusterResponse)
        if not response.cluster_id:
            raise ConfigError(
                f"{self._where()} is not a controller: {response.error_message or 'no cluster id'}"
            )
        return response.cluster_id

    def _serves_or_broke(self, view: ClusterView) -> bool:
        seen = view.nodes.get(self._node_id)
        return bool(self.halted) or (seen is not None and seen.is_running)

    def _where(self) -> str:
        host, port = self._controller or ("", 0)
        return f"{host}:{port}"

    async def close(self) -> None:
        """Stop cleanly, if it lives; give the port and the directory back."""
        if self._node is not None:
            await self._node.stop()
        await self.driver.close()
        self._release()

    def _release(self) -> None:
        for port in self._ports:
            port.release()
        self.directory.close()
