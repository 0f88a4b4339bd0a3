"""Eyes on a world: after every turn of every node, the checkers that look while things happen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from minikafka.broker.broker import Broker
from minikafka.broker.controller_node import ControllerNode
from minikafka.controller.image import MetadataImage
from minikafka.partition.partition import Partition
from minikafka.sim.checker.high_watermark import HighWatermarks
from minikafka.sim.checker.isr import IsrInvariants
from minikafka.sim.checker.log_prefix import LogPrefixes
from minikafka.types import BrokerId, TopicPartition

if TYPE_CHECKING:
    from minikafka.sim.host import Host
    from minikafka.sim.swarm import Settings
    from minikafka.sim.world import World


class Observer:
    """`lost`: brokers whose replica may lack what it had counted, because power or a disk took it."""

    def __init__(self, world: World, settings: Settings, partitions: Sequence[TopicPartition]) -> None:
        self._world = world
        self._partitions = partitions
        self._fsync = settings.durability == "fsync"
        self._lost: set[BrokerId] = set()
        self._looked: dict[tuple[BrokerId, TopicPartition], tuple[object, ...]] = {}
        self._opened: set[tuple[BrokerId, int, TopicPartition]] = set()
        self._image = MetadataImage()
        self.watermarks = HighWatermarks(fsync=self._fsync)
        self.isr = IsrInvariants(elr=bool(settings.elr), min_insync_replicas=settings.min_insync_replicas)
        self.prefixes = LogPrefixes()
        for host in world.hosts.values():
            host.watch = self._turned
            host.mourn = self._dying

    @property
    def violations(self) -> list[str]:
        return [*self.watermarks.violations, *self.isr.violations, *self.prefixes.violations]

    def _turned(self, host: Host) -> None:
        node = host.node
        if isinstance(node, Broker):
            for name in self._partitions:
                replica = node.replicas.get(name)
                if replica is not None:
                    self._look(host, name, replica)
        elif isinstance(node, ControllerNode) and node.image.topics is not self._image.topics:
            self._image = node.image
            for name in self._partitions:
                state = node.image.partition(name)
                if state is not None:
                    self.isr.decided(name, state)
                    for broker in self._world.brokers:
                        if broker not in state.replicas:
                            self.prefixes.moved_away(broker, name)

    def _look(self, host: Host, name: TopicPartition, replica: Partition) -> None:
        key = (host.node_id, name)
        port = replica.log.port
        there = (
            host.life,
            replica.leader_epoch,
            replica.high_watermark,
            port.log_end_offset,
            port.recovery_point,
            len(replica.isr) if replica.is_leader else 0,
        )
        if self._looked.get(key) == there:
            return
        self._looked[key] = there
        life = (host.node_id, host.life, name)
        if life not in self._opened:
            self._opened.add(life)
            self.prefixes.returned(host.node_id, replica)
        self.prefixes.grown(host.node_id, replica)
        if replica.is_leader:
            self.isr.leads(host.node_id, replica.topic_id, name, replica.leader_epoch)
            self.watermarks.look(host.node_id, host.life, replica)
        self._compare(name)

    def _compare(self, name: TopicPartition) -> None:
        """Whoever may be elected holds what the leader calls committed; the last decision tells who that is."""
        state = self._image.partition(name)
        if state is None or name in self.isr.unclean:
            return
        leader = self._world.replica(state.leader, name) if state.leader in self._world.hosts else None
        if leader is None or not leader.is_leader or leader.leader_epoch != state.leader_epoch:
            return
        held = {
            member: replica
            for member in (*state.isr, *state.elr)
            if member not in self._lost and (replica := self._world.replica(member, name)) is not None
        }
        self.watermarks.compare(state.leader, leader, held, held)

    def _dying(self, host: Host, lost_power: bool) -> None:
        node = host.node
        if lost_power:
            self.prefixes.lost_power_while_down(host.node_id)
        if isinstance(node, Broker):
            for name in self._partitions:
                replica = node.replicas.get(name)
                if replica is not None:
                    self.prefixes.died(host.node_id, replica, lost_power=lost_power)
        if lost_power and not self._fsync:
            self._lost.add(host.node_id)
