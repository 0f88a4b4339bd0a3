"""Topics of a running Kafka: what its metadata and its offsets say."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Final

from minikafka.errors import MinikafkaError, WaitTimeout
from minikafka.pytest_plugin import admin
from minikafka.runtime.control.condition import Condition
from minikafka.testing.topics import AnyPartition, AnyTopic
from minikafka.types import NO_LEADER, BrokerId, Offset, TopicPartition

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


class ExternalTopic(AnyTopic["ExternalPartition"]):
    """As `TopicHandle`."""

    def __init__(self, external: External, at: admin.Address, name: str) -> None:
        super().__init__(name)
        self._external = external
        self._at = at

    def partition(self, partition: int) -> ExternalPartition:
        return ExternalPartition(self._external, self._at, TopicPartition(self.name, partition))

    @property
    def partitions(self) -> list[ExternalPartition]:
        described = self._external.run(admin.describe(self._at, [self.name]))
        return [self.partition(one.partition) for one in described.topics.get(self.name, [])]


class ExternalPartition(AnyPartition):
    """As `PartitionHandle`, except for what a broker does not tell consumers: those skip the test."""

    def __init__(self, external: External, at: admin.Address, name: TopicPartition) -> None:
        super().__init__(name)
        self._external = external
        self._at = at

    def observe(self) -> admin.Led:
        """Everything that metadata says, in one look. Raises MinikafkaError when the partition is gone."""
        return _partition(self._external.run(admin.describe(self._at, [self.topic])), self._name)

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

    def _offset(self, which: str) -> Offset:
        return self._external.run(offset(self._at, self._name, which))


async def until_led(at: admin.Address, topic: str, timeout_s: float) -> None:
    """Wait until every partition has a leader. Raises WaitTimeout."""

    async def look() -> tuple[bool, str]:
        partitions = (await admin.describe(at, [topic])).topics.get(topic, [])
        leaders = [one.leader for one in partitions]
        return bool(leaders) and NO_LEADER not in leaders, f"topic {topic} with leaders {leaders}"

    await _until(look, timeout_s)


async def wait(at: admin.Address, wanted: Condition, timeout_s: float) -> None:
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


async def _look(at: admin.Address, wanted: Condition) -> tuple[bool, str]:
    """Whether it holds, and what was seen."""
    described = await admin.describe(at, [] if wanted.partition is None else [wanted.partition.topic])
    brokers = sorted(described.brokers)
    if wanted.brokers not in (None, tuple(brokers)):
        return False, f"active brokers {brokers}"
    if wanted.partition is None:
        return True, f"active brokers {brokers}"
    try:
        led = _partition(described, wanted.partition)
        offsets = {which: await offset(at, wanted.partition, which) for which in wanted.at_least}
    except MinikafkaError as error:
        return False, str(error)
    holds = (
        wanted.leader in (None, led.leader)
        and wanted.leader_epoch in (None, led.leader_epoch)
        and wanted.isr in (None, tuple(led.isr))
        and all(offsets[which] >= least for which, least in wanted.at_least.items())
    )
    return holds, f"{wanted.partition}: {led} {offsets or ''}; active brokers {brokers}"


def _partition(described: admin.Described, name: TopicPartition) -> admin.Led:
    for one in described.topics.get(name.topic, []):
        if one.partition == name.partition:
            return one
    raise MinikafkaError(f"there is no partition {name}")
