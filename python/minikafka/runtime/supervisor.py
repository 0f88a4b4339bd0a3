"""Brings up a controller and its brokers, and keeps their ports and directories while they come and go.

Where the nodes run is the hosting's (`embedded.py`, `process/children.py`); everything here speaks to them through
`control/port.py` and is the same for both.
"""

from __future__ import annotations

import asyncio
import os
import random
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Final

from minikafka.config import ConfigValue
from minikafka.errors import BrokerHalted, ConfigError, ErrorCode
from minikafka.runtime import rpc
from minikafka.runtime.control.cluster import ClusterView
from minikafka.runtime.control.port import HostedNode, Hosting, RuleBook
from minikafka.runtime.control.until import until
from minikafka.runtime.control.views import ALL, HEALTH, NodeView, Question
from minikafka.runtime.directories import DataDirectory
from minikafka.runtime.driver import Driver
from minikafka.runtime.embedded import Embedded, Place
from minikafka.runtime.host import HostState
from minikafka.runtime.links import CLIENTS
from minikafka.runtime.plan import plan_of
from minikafka.runtime.ports import Port
from minikafka.runtime.snapshots import Snapshots
from minikafka.runtime.spec import ClusterSpec, TopicSpec
from minikafka.runtime.stepping import Stepper
from minikafka.types import CONTROLLER_ID, BrokerId

START_TIMEOUT_S: Final = 30.0
START_TIMEOUT_MS: Final = 60_000
"""Of broker time, while the clock is frozen."""
INTERNAL_HOST: Final = "127.0.0.1"
CREATE_TOPICS_VERSION: Final = 7
DELETE_TOPICS_VERSION: Final = 6
UPDATE_FEATURES_VERSION: Final = 1


class Supervisor:
    """One cluster. Everything but the constructor runs on the loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop, spec: ClusterSpec) -> None:
        """Checks the settings, locks the directory and takes the ports. Raises ConfigError."""
        spec.check()
        self.spec = spec
        self._loop = loop
        self._random = random.Random(spec.seed) if spec.seed is not None else None
        settings = {broker: spec.settings(broker) for broker in spec.broker_ids}
        self.directory = DataDirectory(spec.data_dir)
        self._ports: list[Port] = []
        try:
            controller_port = self._port(INTERNAL_HOST, 0)
            self._controller_address = (controller_port.host, controller_port.port)
            cluster_id = self.directory.cluster_id
            places = [self._place(CONTROLLER_ID, cluster_id, [controller_port])]
            for broker in settings:
                ports = [self._port(spec.host, spec.port(broker)), self._port(INTERNAL_HOST, 0)]
                places.append(self._place(broker, cluster_id, ports))
            self._addresses = {place.plan.node: place.plan.advertised for place in places}
            self._internal = {place.plan.node: place.plan.internal for place in places}
            self.hosting: Hosting = self._hosting(places)
            self.clock = Stepper(self.hosting)
            self.snapshots = Snapshots(self)
        except BaseException:
            self._release()
            raise

    def _hosting(self, places: list[Place]) -> Hosting:
        if self.spec.separate_processes:
            from minikafka.runtime.process.children import ChildProcesses

            return ChildProcesses(self._loop, [place.plan for place in places], self.spec.seed)
        return Embedded(Driver(self._loop), places, self._new_uuid)

    # Life of the cluster.

    async def start(self) -> None:
        """Start every node; return when all brokers are registered, unfenced and know it, and the topics have leaders.

        Raises WaitTimeout, or MinikafkaError when a topic cannot be created.
        """
        await asyncio.gather(*(node.start() for node in (self.controller, *self.brokers.values())))
        await self.until(
            HEALTH, self._all_running, START_TIMEOUT_S, lambda view: f"brokers ready: {_running(view)}"
        )
        for topic in self.spec.topics:
            if not (await self.look(Question(topic.name))).partitions(topic.name):
                await self.create_topic(topic)
        await self.snapshots.began()

    async def stop(self) -> None:
        """Stop brokers cleanly, all at once, then the controller."""
        stops = [node.stop() for node in self.brokers.values() if node.is_alive and not self._cut_off(node)]
        with suppress(TimeoutError):
            await asyncio.wait_for(asyncio.gather(*stops), START_TIMEOUT_S)
        await self.controller.stop()

    async def close(self, *, cleanly: bool = True) -> None:
        """Stop, or kill unless `cleanly`; give back ports and, if it was temporary, the directory."""
        if cleanly and not self.directory.is_temporary:
            await self.stop()
        for node in self.nodes:
            node.kill(politely=cleanly)
        for node in self.nodes:
            await node.rest()
        self.snapshots.forget()
        self._release()
        await self.hosting.close()

    def _release(self) -> None:
        for port in self._ports:
            port.release()
        self.directory.close()

    def abandon(self, others: Iterable[int] = ()) -> None:
        """Close this process's copies of all sockets, in a child that was forked from ours. `others`: descriptors of
        what serves beside the nodes.

        Replaced rather than closed: the objects that own the descriptors are still there, and will close them again.
        """
        nothing = os.open(os.devnull, os.O_RDWR)
        for node in self.nodes:
            for descriptor in node.descriptors():
                os.dup2(nothing, descriptor, inheritable=False)
        for descriptor in (*(port.descriptor() for port in self._ports), *others):
            os.dup2(nothing, descriptor, inheritable=False)
        os.close(nothing)

    # Its nodes.

    @property
    def controller(self) -> HostedNode:
        return self.hosting.controller

    @property
    def brokers(self) -> Mapping[BrokerId, HostedNode]:
        return self.hosting.brokers

    @property
    def nodes(self) -> list[HostedNode]:
        """Brokers, then the controller."""
        return [*self.brokers.values(), self.controller]

    def node(self, number: BrokerId) -> HostedNode:
        """A broker, or the controller by `CONTROLLER_ID`."""
        return self.controller if number == CONTROLLER_ID else self.brokers[number]

    @property
    def rules(self) -> RuleBook:
        """Fault rules in force."""
        return self.hosting.rules

    @property
    def bootstrap_servers(self) -> str:
        """What clients are given, every broker in it, dead or alive."""
        addresses = (self.client_address(broker) for broker in self.brokers)
        return ",".join(f"{host}:{port}" for host, port in addresses)

    def client_address(self, broker: BrokerId) -> tuple[str, int]:
        return self._addresses[broker]

    # What is looked at.

    def internal_address(self, node: BrokerId) -> tuple[str, int]:
        """Where peers reach a node; what cuts its clients off does not touch it."""
        return self._internal[node]

    async def look(self, question: Question) -> ClusterView:
        """The answers of all living nodes, now."""
        await self._watch(question)
        try:
            return self._seen(question)
        finally:
            self._unwatch(question)

    async def until(
        self,
        question: Question,
        predicate: Callable[[ClusterView], bool],
        timeout_s: float,
        say: Callable[[ClusterView], str],
    ) -> ClusterView:
        """Wait until `predicate` holds of the answers to `question`, looked at after whatever changed one; no polling.

        Raises WaitTimeout with what `say` makes of the last answers, or BrokerHalted if a node breaks meanwhile.
        """

        def seen() -> ClusterView:
            self._check_halted()
            return self._seen(question)

        await self._watch(question)
        try:
            return await until(seen, predicate, self.hosting.watchers, timeout_s, say)
        finally:
            self._unwatch(question)

    async def _watch(self, question: Question) -> None:
        await asyncio.gather(*(node.watch(question) for node in self.nodes))

    def _seen(self, question: Question) -> ClusterView:
        views = {node.node_id: node.seen(question) for node in self.nodes}
        return ClusterView({node: view for node, view in views.items() if view is not None})

    def _unwatch(self, question: Question) -> None:
        for node in self.nodes:
            node.unwatch(question)

    def _check_halted(self) -> None:
        for node in self.hosting.halted:
            raise BrokerHalted(
                f"node {node.node_id} halted: {node.halted.why if node.halted else ''}"
            ) from node.error

    def _all_running(self, view: ClusterView) -> bool:
        """Every broker lives, and has heard that every other one does: its metadata is what clients get."""
        everyone = sorted(self.brokers)
        brokers = view.brokers
        return len(brokers) == len(everyone) and all(
            broker.is_running and broker.active_brokers == everyone for broker in brokers
        )

    # What is done.

    async def start_node(self, node: HostedNode) -> None:
        """Start a node; return when it serves: a broker once the controller counts it in, if that can be reached.

        While the clock is frozen, broker time moves on as far as that takes: after a kill, to the end of the session.
        """
        if node.is_alive:
            return
        if node in self.hosting.halted:
            self.hosting.halted.remove(node)
        await node.start()
        if node is self.controller or self._cut_off(node):
            return

        def serves(view: ClusterView) -> bool:
            broker = view.nodes.get(node.node_id)
            return broker is not None and broker.is_running

        serving = asyncio.ensure_future(
            self.until(
                HEALTH,
                serves,
                START_TIMEOUT_S,
                lambda _: f"node {node.node_id} {node.state.value}, not in service",
            )
        )
        if self.clock.is_frozen:
            await self.clock.run_while(lambda: not serving.done(), START_TIMEOUT_MS)
        await serving

    async def start_brokers(self, brokers: Collection[BrokerId]) -> None:
        """Start these at once; return when all of them are in service and know of one another."""
        wanted = sorted(brokers)
        self.hosting.halted.clear()
        await asyncio.gather(*(self.brokers[broker].start() for broker in wanted))

        def serve(view: ClusterView) -> bool:
            running = [broker for broker in view.brokers if broker.is_running]
            return len(running) == len(wanted) and all(one.active_brokers == wanted for one in running)

        await self.until(
            HEALTH, serve, START_TIMEOUT_S, lambda view: f"brokers ready: {_running(view)} of {wanted}"
        )

    async def ensure_topic(
        self, name: str, partitions: int | None, replicas: int | None, configs: Mapping[str, ConfigValue]
    ) -> None:
        """Create it, or check that it has these numbers. Raises ConfigError."""
        topic = (await self.look(Question(name))).partitions(name)
        if not topic:
            spec = TopicSpec(
                name, -1 if partitions is None else partitions, -1 if replicas is None else replicas
            )
            await self.create_topic(spec, [(key, _text(value)) for key, value in configs.items()])
            return
        has = (len(topic), len(topic[0].replicas))
        if partitions not in (None, has[0]) or replicas not in (None, has[1]):
            raise ConfigError(f"topic {name!r} exists with {has[0]} partitions of {has[1]} replicas")
        await self.until_led(name)

    async def power_loss(self, seed: int | None) -> None:
        """Every broker at once."""
        await asyncio.gather(*(node.power_loss(seed) for node in self.brokers.values()))

    async def create_topic(self, topic: TopicSpec, configs: Iterable[tuple[str, str]] = ()) -> None:
        """Create it; return when all its leaders lead and every running broker knows. Raises MinikafkaError."""
        from minikafka.wire.messages import create_topics

        wanted = create_topics.CreatableTopic(
            name=topic.name,
            num_partitions=topic.partitions,
            replication_factor=topic.replication_factor,
            configs=[create_topics.CreatableTopicConfig(name=name, value=value) for name, value in configs],
        )
        request = create_topics.CreateTopicsRequest(topics=[wanted], timeout_ms=30_000)
        response = await rpc.call(*self._controller_address, request, CREATE_TOPICS_VERSION)
        assert isinstance(response, create_topics.CreateTopicsResponse)
        (result,) = response.topics
        if result.error_code != ErrorCode.NONE:
            code = ErrorCode(result.error_code)
            raise ConfigError(f"topic {topic.name!r}: {code.name}: {result.error_message or ''}")
        await self.until_led(topic.name)

    async def delete_topics(self, names: Sequence[str]) -> None:
        """Delete them; return when no running broker knows them. Raises ConfigError when the controller refuses."""
        from minikafka.wire.messages import delete_topics

        wanted = [delete_topics.DeleteTopicState(name=name) for name in names]
        request = delete_topics.DeleteTopicsRequest(topics=wanted, timeout_ms=30_000)
        response = await rpc.call(*self._controller_address, request, DELETE_TOPICS_VERSION)
        assert isinstance(response, delete_topics.DeleteTopicsResponse)
        for result in response.responses:
            if result.error_code != ErrorCode.NONE:
                code = ErrorCode(result.error_code)
                raise ConfigError(f"topic {result.name!r}: {code.name}: {result.error_message or ''}")
        await self.until(
            Question(topic=ALL),
            lambda view: (
                not any(_knows(broker, names) for broker in view.brokers if self._hears(broker.node))
            ),
            START_TIMEOUT_S,
            lambda _: f"topics not gone: {', '.join(names)}",
        )

    async def until_led(self, topic: str) -> None:
        """Return once all its leaders lead and every running broker knows."""
        await self.until(
            Question(topic),
            lambda view: view.is_led(topic),
            START_TIMEOUT_S,
            lambda _: f"leaders of {topic} not ready",
        )

    async def set_feature(self, name: str, level: int) -> None:
        """Up or down, as `kafka-features.sh` does it. Raises ConfigError when the controller refuses."""
        from minikafka.wire.messages import update_features

        upgrade, unsafe_downgrade = 1, 3
        kind = upgrade if level >= (await self.look(HEALTH)).feature(name) else unsafe_downgrade
        update = update_features.FeatureUpdateKey(feature=name, max_version_level=level, upgrade_type=kind)
        request = update_features.UpdateFeaturesRequest(feature_updates=[update], timeout_ms=30_000)
        response = await rpc.call(*self._controller_address, request, UPDATE_FEATURES_VERSION)
        assert isinstance(response, update_features.UpdateFeaturesResponse)
        for code, why in [(response.error_code, response.error_message)] + [
            (result.error_code, result.error_message) for result in response.results
        ]:
            if code != ErrorCode.NONE:
                raise ConfigError(f"feature {name}={level}: {ErrorCode(code).name}: {why or ''}")
        await self.until(
            HEALTH,
            lambda view: all(
                broker.features.get(name, 0) == level for broker in view.brokers if broker.is_running
            ),
            START_TIMEOUT_S,
            lambda _: f"feature {name} not at {level} everywhere",
        )

    # The network.

    async def isolate(self, node: BrokerId, *, clients: bool = False) -> None:
        """Cut `node` off from all brokers and the controller, and from clients too if asked."""
        others = [other for other in (*self.brokers, CONTROLLER_ID) if other != node]
        await self.hosting.cut([(node, other) for other in others + ([CLIENTS] if clients else [])])

    def _hears(self, node: BrokerId) -> bool:
        """Whether it follows what the controller decides."""
        return self.node(node).state is HostState.RUNNING and not self._cut_off(self.node(node))

    def _cut_off(self, node: HostedNode) -> bool:
        """Without its controller a broker cannot leave cleanly."""
        return self.hosting.is_cut(node.node_id, CONTROLLER_ID) or not self.controller.is_alive

    # How nodes are made.

    def _place(self, node: BrokerId, cluster_id: str, ports: list[Port]) -> Place:
        addresses = [(port.host, port.port) for port in ports]
        return Place(
            plan_of(node, self.spec, self.directory, cluster_id, addresses, self._controller_address), ports
        )

    def _new_uuid(self) -> bytes:
        return os.urandom(16) if self._random is None else self._random.randbytes(16)

    def _port(self, host: str, port: int) -> Port:
        held = Port(host, port)
        self._ports.append(held)
        return held


def _running(view: ClusterView) -> list[BrokerId]:
    return [broker.node for broker in view.brokers if broker.is_running]


def _knows(broker: NodeView, topics: Sequence[str]) -> bool:
    parts = (*(one.topic for one in broker.partitions), *(one.topic for one in broker.replicas))
    return not set(topics).isdisjoint(parts)


def _text(value: ConfigValue) -> str:
    """As Kafka writes it: booleans in lower case."""
    return str(value).lower() if isinstance(value, bool) else str(value)
