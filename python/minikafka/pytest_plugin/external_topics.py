"""Topics of a running Kafka: what its metadata and its offsets say."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

from minikafka.errors import ConfigError, MinikafkaError, WaitTimeout
from minikafka.pytest_plugin import admin
from minikafka.types import NO_LEADER, BrokerId, LeaderEpoch, Offset, TopicPartition

if TYPE_CHECKING:
    from minikafka.pytest_plugin.external import External

ASK_AGAIN_S: Final = 0.05
"""Any broker but ours has to be asked; it cannot be waited in."""

OFFSETS: Final = {
    "log_start_offset": (admin.EARLIEST, admin.READ_UNCOMMITTED),
    "high_watermark": (admin.LATEST, admin.READ_UNCOMMITTED),
    "last_stable_offset": (admin.LATEST, admin.READ_COMMITTED),
}
"""How a consumer asks for each."""


class ExternalTopic:
    """As `TopicHandle`."""

    def __init__(self, external: External, at: admin.Address, name: str) -> None:
        self._external = external
        self._at = at
        self.name = name

    def partition(self, partition: int) -> ExternalPartition:
        return ExternalPartition(self._external, self._at, TopicPartition(self.name, partition))

    @property
    def partitions(self) -> list[ExternalPartition]:
        described = self._external.run(admin.describe(self._at, [self.name]))
        return [self.partition(one.partition) for one in described.topics.get(self.name, [])]

    @property
    def replication_factor(self) -> int:
        return len(self.partition(0).replicas)


class ExternalPartition:
    """As `PartitionHandle`, except for what a broker does not tell consumers: those skip the test."""

    def __init__(self, external: External, at: admin.Address, name: TopicPartition) -> None:
        self._external = external
        self._at = at
        self._name = name

    @property
    def topic(self) -> str:
        return self._name.topic

    @property
    def partition(self) -> int:
        return self._name.partition

    @property
    def leader(self) -> BrokerId:
        return self._led().leader

    @property
    def leader_epoch(self) -> LeaderEpoch:
        return self._led().leader_epoch

    @property
    def replicas(self) -> list[BrokerId]:
        return self._led().replicas

    @property
    def isr(self) -> list[BrokerId]:
        return self._led().isr

    @property
    def log_start_offset(self) -> Offset:
        return self._offset("log_start_offset")

    @property
    def high_watermark(self) -> Offset:
        return self._offset("high_watermark")

    @property
    def last_stable_offset(self) -> Offset:
        return self._offset("last_stable_offset")

    @property
    def log_end_offset(self) -> Offset:
        self._external.skip("log_end_offset of a partition")

    def replica(self, broker: BrokerId) -> None:
        self._external.skip(f"replica({broker}) of a partition")

    def _led(self) -> admin.Led:
        return _partition(self._external.run(admin.describe(self._at, [self.topic])), self._name)

    def _offset(self, which: str) -> Offset:
        return self._external.run(offset(self._at, self._name, which))


class Wanted(NamedTuple):
    """What `wait` waits for; None: whatever it is. at_least: offsets by name."""

    name: TopicPartition | None
    leader: BrokerId | None
    leader_epoch: LeaderEpoch | None
    isr: Sequence[BrokerId] | None
    brokers: Sequence[BrokerId] | None
    at_least: dict[str, Offset]

    @classmethod
    def of(
        cls,
        *,
        topic: str | None = None,
        partition: int = 0,
        leader: BrokerId | None = None,
        leader_epoch: LeaderEpoch | None = None,
        isr: Sequence[BrokerId] | None = None,
        brokers: Sequence[BrokerId] | None = None,
        **at_least: Offset,
    ) -> Wanted:
        """Raises ConfigError when they cannot mean anything."""
        unknown = sorted(set(at_least) - set(OFFSETS))
        if unknown:
            raise ConfigError(f"cannot wait for {', '.join(unknown)}")
        name = None if topic is None else TopicPartition(topic, partition)
        if name is None and any(one is not None for one in (leader, leader_epoch, isr, *at_least.values())):
            raise ConfigError("say of which topic= (and partition=)")
        return cls(name, leader, leader_epoch, isr, brokers, at_least)


async def until_led(at: admin.Address, topic: str, timeout_s: float) -> None:
    """Wait until every partition has a leader. Raises WaitTimeout."""

    async def look() -> tuple[bool, str]:
        partitions = (await admin.describe(at, [topic])).topics.get(topic, [])
        leaders = [one.leader for one in partitions]
        return bool(leaders) and NO_LEADER not in leaders, f"topic {topic} with leaders {leaders}"

    await _until(look, timeout_s)


async def wait(at: admin.Address, wanted: Wanted, timeout_s: float) -> None:
    """Ask until it is so. Raises WaitTimeout saying what was seen last."""
    await _until(lambda: _look(at, wanted), timeout_s)


async def _until(look: Callable[[], Awaitable[tuple[bool, str]]], timeout_s: float) -> None:
    seen = "nothing"
    try:
        async with asyncio.timeout(timeout_s):
            while True:
                holds, seen = await look()
                if holds:
                    return
                await asyncio.sleep(ASK_AGAIN_S)
    except TimeoutError:
        raise WaitTimeout(f"not true within {timeout_s:g} s; last seen: {seen}") from None


async def offset(at: admin.Address, name: TopicPartition, which: str) -> Offset:
    described = await admin.describe(at, [name.topic])
    leader = _partition(described, name).leader
    if leader not in described.brokers:
        raise MinikafkaError(f"{name} has no living leader (leader {leader})")
    return await admin.offset_at(described.brokers[leader], name, *OFFSETS[which])


async def _look(at: admin.Address, wanted: Wanted) -> tuple[bool, str]:
    """Whether it holds, and what was seen."""
    described = await admin.describe(at, [] if wanted.name is None else [wanted.name.topic])
    brokers = sorted(described.brokers)
    if wanted.brokers is not None and sorted(wanted.brokers) != brokers:
        return False, f"active brokers {brokers}"
    if wanted.name is None:
        return True, f"active brokers {brokers}"
    try:
        led = _partition(described, wanted.name)
        offsets = {which: await offset(at, wanted.name, which) for which in wanted.at_least}
    except MinikafkaError as error:
        return False, str(error)
    holds = (
        wanted.leader in (None, led.leader)
        and wanted.leader_epoch in (None, led.leader_epoch)
        and (wanted.isr is None or sorted(wanted.isr) == led.isr)
        and all(offsets[which] >= least for which, least in wanted.at_least.items())
    )
    return holds, f"{wanted.name}: {led} {offsets or ''}; active brokers {brokers}"


def _partition(described: admin.Described, name: TopicPartition) -> admin.Led:
    for one in described.topics.get(name.topic, []):
        if one.partition == name.partition:
            return one
    raise MinikafkaError(f"there is no partition {name}")
