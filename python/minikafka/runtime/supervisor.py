"""Brings up a controller and its brokers on one loop, and keeps their ports and directories while they come and go."""

from __future__ import annotations

import asyncio
import os
import random
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from typing import Any, Final

from minikafka._core import Disk
from minikafka.broker.broker import Broker, Identity
from minikafka.broker.controller_node import ControllerIdentity, ControllerNode
from minikafka.broker.interception import Rules
from minikafka.broker.peers import Endpoint
from minikafka.config import ConfigValue
from minikafka.controller.image import MetadataImage, TopicImage
from minikafka.errors import BrokerHalted, ConfigError, ErrorCode, MinikafkaError, WaitTimeout
from minikafka.runtime import rpc
from minikafka.runtime.directories import DataDirectory
from minikafka.runtime.disk import LifeDisk
from minikafka.runtime.driver import Driver
from minikafka.runtime.host import NodeHost
from minikafka.runtime.links import CLIENTS
from minikafka.runtime.ports import Port
from minikafka.runtime.server import Listener
from minikafka.runtime.spec import ClusterSpec, TopicSpec
from minikafka.trace import Trace
from minikafka.types import CONTROLLER_ID, NO_LEADER, BrokerId, TopicPartition

START_TIMEOUT_S: Final = 30.0
INTERNAL_HOST: Final = "127.0.0.1"
CREATE_TOPICS_VERSION: Final = 7
UPDATE_FEATURES_VERSION: Final = 1


class Supervisor:
    """One cluster in this process. Everything but the constructor runs on the driver's loop."""

    def __init__(self, driver: Driver, spec: ClusterSpec) -> None:
        """Checks the settings, locks the directory and takes the ports. Raises ConfigError."""
        spec.check()
        self.driver = driver
        self.spec = spec
        self.rules = Rules()
        self._traces: dict[BrokerId, Trace] = {}
        self.halted: list[NodeHost[Any]] = []
        self._random = random.Random(spec.seed) if spec.seed is not None else None
        settings = {broker: spec.settings(broker) for broker in range(1, spec.brokers + 1)}
        self.directory = DataDirectory(spec.data_dir)
        self._ports: list[Port] = []
        try:
            self._disk = Disk.tracked() if spec.faults else Disk.os()
            controller_port = self._port(INTERNAL_HOST, 0)
            self._controller_endpoint = Endpoint(controller_port.host, controller_port.port)
            self.controller: NodeHost[ControllerNode] = NodeHost(
                driver,
                CONTROLLER_ID,
                [Listener(controller_port, internal=True)],
                self._disk,
                self.directory.of(CONTROLLER_ID),
                self._build_controller,
                self.halted.append,
            )
            self.brokers: dict[BrokerId, NodeHost[Broker]] = {
                broker: NodeHost(
                    driver,
                    broker,
                    [
                        Listener(self._port(spec.host, spec.port(broker)), internal=False),
                        Listener(self._port(INTERNAL_HOST, 0), internal=True),
                    ],
                    self._disk,
                    self.directory.of(broker),
                    self._builder(broker),
                    self.halted.append,
                    settings[broker].socket_request_max_bytes,
                )
                for broker in settings
            }
        except BaseException:
            self._release()
            raise

    # Life of the cluster.

    async def start(self) -> None:
        """Start every node; return when all brokers are registered, unfenced and know it, and the topics have leaders.

        Raises WaitTimeout, or MinikafkaError when a topic cannot be created.
        """
        await self.controller.start()
        for host in self.brokers.values():
            await host.start()
        await self.until(self._all_running, START_TIMEOUT_S, lambda: f"brokers ready: {self._running()}")
        for topic in self.spec.topics:
            if self.image.topic(topic.name) is None:
                await self.create_topic(topic)

    async def stop(self) -> None:
        """Stop brokers cleanly, all at once, then the controller."""
        stops = [host.stop() for host in self.brokers.values() if host.is_alive and not self._cut_off(host)]
        with suppress(TimeoutError):
            await asyncio.wait_for(asyncio.gather(*stops), START_TIMEOUT_S)
        await self.controller.stop()

    async def close(self, *, cleanly: bool = True) -> None:
        """Stop, or kill unless `cleanly`; give back ports and, if it was temporary, the directory."""
        hosts: list[NodeHost[Any]] = [*self.brokers.values(), self.controller]
        if cleanly and not self.directory.is_temporary:
            await self.stop()
        for host in hosts:
            host.kill(politely=cleanly)
        for host in hosts:
            await host.rest()
        self._release()

    def _release(self) -> None:
        for port in self._ports:
            port.release()
        self.directory.close()

    def abandon(self) -> None:
        """Close this process's copies of all sockets, in a child that was forked from ours.

        Replaced rather than closed: the objects that own the descriptors are still there, and will close them again.
        """
        nothing = os.open(os.devnull, os.O_RDWR)
        hosts: list[NodeHost[Any]] = [*self.brokers.values(), self.controller]
        for host in hosts:
            for descriptor in host.descriptors():
                os.dup2(nothing, descriptor, inheritable=False)
        os.close(nothing)

    # What is looked at.

    @property
    def bootstrap_servers(self) -> str:
        """What clients are given, every broker in it, dead or alive."""
        addresses = (self.client_address(broker) for broker in self.brokers)
        return ",".join(f"{host}:{port}" for host, port in addresses)

    def client_address(self, broker: BrokerId) -> tuple[str, int]:
        return self.spec.advertised_address(broker, self.brokers[broker].listeners[0].port.port)

    @property
    def image(self) -> MetadataImage:
        """The controller's image; while it is dead, the newest that a living broker has."""
        if self.controller.node is not None:
            return self.controller.node.image
        images = [host.node.image for host in self.brokers.values() if host.node is not None]
        return max(images, key=lambda image: image.offset, default=MetadataImage())

    def _running(self) -> list[BrokerId]:
        return [
            broker for broker, host in self.brokers.items() if host.node is not None and host.node.is_running
        ]

    def topic_image(self, name: str) -> TopicImage:
        """Raises MinikafkaError when there is no such topic."""
        topic = self.image.topic(name)
        if topic is None:
            raise MinikafkaError(f"there is no topic {name!r}")
        return topic

    def _check_halted(self) -> None:
        for host in self.halted:
            raise BrokerHalted(
                f"node {host.node_id} halted: {host.halted.why if host.halted else ''}"
            ) from host.error

    def _all_running(self) -> bool:
        """Every broker lives, and has heard that every other one does: its metadata is what clients get."""
        everyone = sorted(self.brokers)
        return all(
            host.node is not None and host.node.is_running and host.node.image.active_brokers() == everyone
            for host in self.brokers.values()
        )

    async def until(self, predicate: Callable[[], bool], timeout_s: float, seen: Callable[[], str]) -> None:
        """Wait until `predicate` holds after some node's turn; no polling.

        Raises WaitTimeout saying what was `seen` last, or BrokerHalted if a node breaks meanwhile.
        """
        self._check_halted()
        if predicate():
            return
        done: asyncio.Future[None] = self.driver.loop.create_future()

        def look() -> None:
            if done.done():
                return
            try:
                self._check_halted()
                if predicate():
                    done.set_result(None)
            except MinikafkaError as error:
                done.set_exception(error)

        self.driver.watchers.append(look)
        try:
            await asyncio.wait_for(done, timeout_s)
        except TimeoutError:
            raise WaitTimeout(f"not true within {timeout_s:g} s; last seen: {seen()}") from None
        finally:
            self.driver.watchers.remove(look)

    # What is done.

    async def start_node(self, host: NodeHost[Any]) -> None:
        """Start a node; return when it serves: a broker once the controller counts it in, if that can be reached."""
        if host.is_alive:
            return
        if host in self.halted:
            self.halted.remove(host)
        await host.start()
        if host is self.controller or self._cut_off(host):
            return
        await self.until(
            lambda: host.node is not None and host.node.is_running,
            START_TIMEOUT_S,
            lambda: f"node {host.node_id} {host.state.value}, not in service",
        )

    async def ensure_topic(
        self, name: str, partitions: int | None, replicas: int | None, configs: Mapping[str, ConfigValue]
    ) -> None:
        """Create it, or check that it has these numbers. Raises ConfigError."""
        topic = self.image.topic(name)
        if topic is None:
            spec = TopicSpec(
                name, -1 if partitions is None else partitions, -1 if replicas is None else replicas
            )
            await self.create_topic(spec, [(key, _text(value)) for key, value in configs.items()])
            return
        has = (len(topic.partitions), len(topic.partitions[0].replicas))
        if partitions not in (None, has[0]) or replicas not in (None, has[1]):
            raise ConfigError(f"topic {name!r} exists with {has[0]} partitions of {has[1]} replicas")
        await self.until(lambda: self._is_led(name), START_TIMEOUT_S, lambda: f"leaders of {name} not ready")

    async def power_loss(self, seed: int | None) -> None:
        """Every broker at once."""
        for host in self.brokers.values():
            host.kill()
        for host in self.brokers.values():
            await host.power_loss(seed)

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
        response = await rpc.call(*self._controller_endpoint, request, CREATE_TOPICS_VERSION)
        assert isinstance(response, create_topics.CreateTopicsResponse)
        (result,) = response.topics
        if result.error_code != ErrorCode.NONE:
            code = ErrorCode(result.error_code)
            raise ConfigError(f"topic {topic.name!r}: {code.name}: {result.error_message or ''}")
        await self.until(
            lambda: self._is_led(topic.name), START_TIMEOUT_S, lambda: f"leaders of {topic.name} not ready"
        )

    def _is_led(self, name: str) -> bool:
        """Every partition is led by a broker that knows it leads, and everyone who serves metadata knows the topic."""
        running = self._running()
        nodes = {broker: self.brokers[broker].node for broker in running}
        for node in nodes.values():
            topic = node.image.topic(name) if node is not None else None
            if topic is None:
                return False
            for index, state in topic.partitions.items():
                leader = nodes.get(state.leader)
                if state.leader == NO_LEADER or leader is None:
                    return False
                partition = leader.replicas.get(TopicPartition(name, index))
                if partition is None or not partition.is_leader:
                    return False
        return True

    async def set_feature(self, name: str, level: int) -> None:
        """Up or down, as `kafka-features.sh` does it. Raises ConfigError when the controller refuses."""
        from minikafka.wire.messages import update_features

        upgrade, unsafe_downgrade = 1, 3
        kind = upgrade if level >= self.image.feature(name) else unsafe_downgrade
        update = update_features.FeatureUpdateKey(feature=name, max_version_level=level, upgrade_type=kind)
        request = update_features.UpdateFeaturesRequest(feature_updates=[update], timeout_ms=30_000)
        response = await rpc.call(*self._controller_endpoint, request, UPDATE_FEATURES_VERSION)
        assert isinstance(response, update_features.UpdateFeaturesResponse)
        for code, why in [(response.error_code, response.error_message)] + [
            (result.error_code, result.error_message) for result in response.results
        ]:
            if code != ErrorCode.NONE:
                raise ConfigError(f"feature {name}={level}: {ErrorCode(code).name}: {why or ''}")
        await self.until(
            lambda: all(self._knows_feature(host, name, level) for host in self.brokers.values()),
            START_TIMEOUT_S,
            lambda: f"feature {name} not at {level} everywhere",
        )

    def _knows_feature(self, host: NodeHost[Broker], name: str, level: int) -> bool:
        return host.node is None or not host.node.is_running or host.node.image.feature(name) == level

    def isolate(self, node: BrokerId, *, clients: bool = False) -> None:
        """Cut `node` off from all brokers and the controller, and from clients too if asked."""
        others = [other for other in (*self.brokers, CONTROLLER_ID) if other != node]
        self.driver.links.cut([(node, other) for other in others + ([CLIENTS] if clients else [])])

    def _cut_off(self, host: NodeHost[Broker]) -> bool:
        """Without its controller a broker cannot leave cleanly."""
        return self.driver.links.is_cut(host.node_id, CONTROLLER_ID) or not self.controller.is_alive

    # How nodes are made.

    def _new_uuid(self) -> bytes:
        return os.urandom(16) if self._random is None else self._random.randbytes(16)

    def _port(self, host: str, port: int) -> Port:
        held = Port(host, port)
        self._ports.append(held)
        return held

    def _build_controller(self, disk: LifeDisk) -> ControllerNode:
        return ControllerNode(
            ControllerIdentity(self.directory.cluster_id, self.spec.features),
            self.spec.settings(),
            disk,
            self.directory.of(CONTROLLER_ID),
            new_uuid=self._new_uuid,
            rules=self.rules,
            trace=self.trace_of(CONTROLLER_ID),
        )

    def trace_of(self, node: BrokerId) -> Trace:
        """One for all lives of `node`."""
        return self._traces.setdefault(node, Trace(on=self.spec.trace))

    def _builder(self, broker: BrokerId) -> Callable[[LifeDisk], Broker]:
        def build(disk: LifeDisk) -> Broker:
            client_host, client_port = self.client_address(broker)
            internal = self.brokers[broker].listeners[1].port
            identity = Identity(
                broker,
                self.directory.cluster_id,
                self._new_uuid(),
                self.directory.directory_id(broker),
                client_host,
                client_port,
                internal.host,
                internal.port,
            )
            return Broker(
                identity,
                self.spec.settings(broker),
                disk,
                self.directory.of(broker),
                self._controller_endpoint,
                durability=self.spec.durability,
                new_uuid=self._new_uuid,
                rules=self.rules,
                trace=self.trace_of(broker),
            )

        return build


def _text(value: ConfigValue) -> str:
    """As Kafka writes it: booleans in lower case."""
    return str(value).lower() if isinstance(value, bool) else str(value)
