"""Handles of topics, partitions and replicas. Every attribute is a fresh look."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Generic, Protocol, TypeVar

from minikafka.errors import MinikafkaError
from minikafka.runtime.control.observed import Observed, observe
from minikafka.runtime.control.views import Question, ReplicaOffsets
from minikafka.testing.running import Running
from minikafka.types import BrokerId, LeaderEpoch, Offset, PartitionEpoch, TopicPartition


class Decided(Protocol):
    """What is decided of a partition, as whoever was asked says it."""

    @property
    def leader(self) -> BrokerId: ...
    @property
    def leader_epoch(self) -> LeaderEpoch: ...
    @property
    def replicas(self) -> list[BrokerId]: ...
    @property
    def isr(self) -> list[BrokerId]: ...


class AnyPartition(ABC):
    """A partition of ours, or of another Kafka."""

    def __init__(self, name: TopicPartition) -> None:
        self._name = name

    @abstractmethod
    def observe(self) -> Decided:
        """Everything in one look. Raises MinikafkaError when the partition is gone."""

    @property
    def topic(self) -> str:
        return self._name.topic

    @property
    def partition(self) -> int:
        return self._name.partition

    @property
    def leader(self) -> BrokerId:
        """Broker id; -1 while there is none."""
        return self.observe().leader

    @property
    def leader_epoch(self) -> LeaderEpoch:
        return self.observe().leader_epoch

    @property
    def replicas(self) -> list[BrokerId]:
        """In order of preference."""
        return self.observe().replicas

    @property
    def isr(self) -> list[BrokerId]:
        """Sorted."""
        return self.observe().isr


class _Offsets(ABC):
    """The four offsets of a log, read together or one by one."""

    @property
    @abstractmethod
    def offsets(self) -> ReplicaOffsets: ...

    @property
    def log_start_offset(self) -> Offset:
        """First offset that can be read."""
        return self.offsets.log_start_offset

    @property
    def log_end_offset(self) -> Offset:
        """Offset of the next record; exclusive."""
        return self.offsets.log_end_offset

    @property
    def high_watermark(self) -> Offset:
        """Everything below is replicated to the ISR, and visible; exclusive."""
        return self.offsets.high_watermark

    @property
    def last_stable_offset(self) -> Offset:
        """Everything below is decided, and visible to read_committed; exclusive."""
        return self.offsets.last_stable_offset


class ReplicaHandle(_Offsets):
    """One replica of a partition."""

    def __init__(self, cluster: Running, name: TopicPartition, broker: BrokerId) -> None:
        self._cluster = cluster
        self._name = name
        self.broker = broker

    @property
    def offsets(self) -> ReplicaOffsets:
        """Raises MinikafkaError while the broker is dead, or holds no such replica."""
        seen = self._cluster.ask(Question(*self._name)).replica(self.broker, self._name)
        if seen is None:
            raise MinikafkaError(f"broker {self.broker} has no replica of {self._name} open")
        return seen.offsets


class PartitionHandle(AnyPartition, _Offsets):
    """One partition: what the controller decided about it, and its leader's offsets."""

    def __init__(self, cluster: Running, name: TopicPartition) -> None:
        super().__init__(name)
        self._cluster = cluster

    def observe(self) -> Observed:
        """Everything in one look. Raises MinikafkaError when the partition is gone."""
        return observe(self._cluster.ask(Question(*self._name)), self._name)

    @property
    def partition_epoch(self) -> PartitionEpoch:
        return self.observe().partition_epoch

    @property
    def offsets(self) -> ReplicaOffsets:
        """The leader's. Raises MinikafkaError while no living broker leads."""
        seen = self.observe()
        if seen.offsets is None:
            raise MinikafkaError(f"{self._name} has no living leader (leader {seen.leader}, ISR {seen.isr})")
        return seen.offsets

    def replica(self, broker: BrokerId) -> ReplicaHandle:
        return ReplicaHandle(self._cluster, self._name, broker)


P = TypeVar("P", bound=AnyPartition)


class AnyTopic(ABC, Generic[P]):
    """A topic of ours, or of another Kafka."""

    def __init__(self, name: str) -> None:
        self.name = name

    @abstractmethod
    def partition(self, partition: int) -> P:
        """By number, whether it is there or not."""

    @property
    @abstractmethod
    def partitions(self) -> list[P]:
        """All of them, by number."""

    @property
    def replication_factor(self) -> int:
        return len(self.partition(0).replicas)


class TopicHandle(AnyTopic[PartitionHandle]):
    """One topic."""

    def __init__(self, cluster: Running, name: str) -> None:
        super().__init__(name)
        self._cluster = cluster

    def partition(self, partition: int) -> PartitionHandle:
        return PartitionHandle(self._cluster, TopicPartition(self.name, partition))

    @property
    def partitions(self) -> list[PartitionHandle]:
        """All of them, by number."""
        found = self._cluster.ask(Question(self.name)).partitions(self.name)
        if not found:
            raise MinikafkaError(f"there is no topic {self.name!r}")
        return [self.partition(one.partition) for one in found]
