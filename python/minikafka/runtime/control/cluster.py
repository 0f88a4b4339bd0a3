"""The answers of all living nodes to one question, and what they say together."""

from __future__ import annotations

from collections.abc import Mapping

from minikafka.runtime.control.views import GroupView, NodeView, PartitionView, ReplicaView
from minikafka.types import CONTROLLER_ID, NO_LEADER, BrokerId, TopicPartition


class ClusterView:
    """By node; dead ones are missing."""

    def __init__(self, nodes: Mapping[BrokerId, NodeView]) -> None:
        self.nodes = nodes
        self._held: dict[BrokerId, dict[TopicPartition, ReplicaView]] = {}
        """Replicas by name, of the brokers that were asked for."""
        self._decided = nodes.get(CONTROLLER_ID) or max(
            nodes.values(), key=lambda view: view.metadata_offset, default=None
        )

    @property
    def brokers(self) -> list[NodeView]:
        """The living ones, by id."""
        return [self.nodes[node] for node in sorted(self.nodes) if node != CONTROLLER_ID]

    # What the controller decided; while it is dead, what the living broker with the newest metadata knows of it.

    @property
    def active_brokers(self) -> list[BrokerId]:
        return [] if self._decided is None else self._decided.active_brokers

    def feature(self, name: str) -> int:
        """The finalized level; 0 means disabled, or never heard of."""
        return 0 if self._decided is None else self._decided.features.get(name, 0)

    @property
    def topics(self) -> list[str]:
        """Sorted; of those asked for."""
        return [] if self._decided is None else sorted({one.topic for one in self._decided.partitions})

    def partitions(self, topic: str) -> list[PartitionView]:
        """By number; empty when there is no such topic, or it was not asked for."""
        return [] if self._decided is None else _of(self._decided, topic)

    def partition(self, name: TopicPartition) -> PartitionView | None:
        return next((one for one in self.partitions(name.topic) if one.partition == name.partition), None)

    # What brokers hold.

    def replica(self, broker: BrokerId, name: TopicPartition) -> ReplicaView | None:
        """None while that broker is dead, or has not opened it."""
        held = self._held.get(broker)
        if held is None:
            view = self.nodes.get(broker)
            replicas = [] if view is None else view.replicas
            held = self._held[broker] = {TopicPartition(one.topic, one.partition): one for one in replicas}
        return held.get(name)

    def group(self, group_id: str) -> GroupView | None:
        """Where it is coordinated; None when no living broker knows it."""
        found = (group for view in self.brokers for group in view.groups if group.group_id == group_id)
        return next(found, None)

    def is_led(self, topic: str) -> bool:
        """Every partition is led by a broker that knows it leads, and everyone who serves metadata knows the topic."""
        running = [view for view in self.brokers if view.is_running]
        return bool(running) and all(self._is_led_as_seen_by(view, topic) for view in running)

    def _is_led_as_seen_by(self, view: NodeView, topic: str) -> bool:
        partitions = _of(view, topic)
        for one in partitions:
            leader = self.nodes.get(one.leader)
            if one.leader == NO_LEADER or leader is None or not leader.is_running:
                return False
            replica = self.replica(one.leader, TopicPartition(topic, one.partition))
            if replica is None or not replica.is_leader:
                return False
        return bool(partitions)


def _of(view: NodeView, topic: str) -> list[PartitionView]:
    return [one for one in view.partitions if one.topic == topic]
