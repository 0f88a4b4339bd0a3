"""Conditions that `Cluster.wait` waits for, looked at after each turn in which a broker did something."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from minikafka.errors import ConfigError, MinikafkaError, nearest
from minikafka.runtime.control.cluster import ClusterView
from minikafka.runtime.control.observed import observe
from minikafka.runtime.control.views import Question
from minikafka.types import BrokerId, TopicPartition

OFFSETS = ("log_start_offset", "high_watermark", "last_stable_offset", "log_end_offset")


class Waits(Protocol):
    """Whoever can be asked to wait: a supervisor, or a node alone."""

    async def until(
        self,
        question: Question,
        predicate: Callable[[ClusterView], bool],
        timeout_s: float,
        say: Callable[[ClusterView], str],
    ) -> ClusterView: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """Everything given must hold at once."""

    partition: TopicPartition | None = None
    leader: BrokerId | None = None
    leader_epoch: int | None = None
    isr: tuple[BrokerId, ...] | None = None
    at_least: dict[str, int] = field(default_factory=dict)
    """Offsets of the leader, by name."""
    brokers: tuple[BrokerId, ...] | None = None

    @classmethod
    def of(
        cls,
        *,
        topic: str | None = None,
        partition: int = 0,
        leader: BrokerId | None = None,
        leader_epoch: int | None = None,
        isr: Sequence[BrokerId] | None = None,
        brokers: Sequence[BrokerId] | None = None,
        **at_least: int,
    ) -> Condition:
        """From the arguments of `Cluster.wait`. Raises ConfigError when they cannot mean anything."""
        unknown = sorted(set(at_least) - set(OFFSETS))
        if unknown:
            hint = nearest(unknown[0], ("leader", "leader_epoch", "isr", "brokers", *OFFSETS))
            raise ConfigError(f"cannot wait for {', '.join(unknown)}{hint}")
        about_partition = (leader, leader_epoch, isr, *at_least.values())
        if topic is None and any(value is not None for value in about_partition):
            raise ConfigError("say of which topic= (and partition=)")
        return cls(
            partition=None if topic is None else TopicPartition(topic, partition),
            leader=leader,
            leader_epoch=leader_epoch,
            isr=None if isr is None else tuple(sorted(isr)),
            at_least=at_least,
            brokers=None if brokers is None else tuple(sorted(brokers)),
        )

    async def wait(self, asked: Waits, timeout_s: float) -> None:
        """Return once it holds. Raises WaitTimeout."""
        question = Question() if self.partition is None else Question(*self.partition)
        await asked.until(question, self.holds, timeout_s, self._seen)

    def holds(self, view: ClusterView) -> bool:
        if self.brokers is not None and tuple(view.active_brokers) != self.brokers:
            return False
        return self.partition is None or self._partition_holds(view, self.partition)

    def _partition_holds(self, view: ClusterView, name: TopicPartition) -> bool:
        if view.partition(name) is None:
            return False
        seen = observe(view, name)
        if self.at_least and seen.offsets is None:
            return False
        return (
            self.leader in (None, seen.leader)
            and self.leader_epoch in (None, seen.leader_epoch)
            and self.isr in (None, tuple(seen.isr))
            and all(getattr(seen.offsets, name) >= offset for name, offset in self.at_least.items())
        )

    def _seen(self, view: ClusterView) -> str:
        brokers = f"active brokers {view.active_brokers}"
        if self.partition is None:
            return brokers
        try:
            return f"{self.partition}: {observe(view, self.partition)}; {brokers}"
        except MinikafkaError as error:
            return f"{error}; {brokers}"
