"""`kafka.aio`: everything that waits, as coroutines for the caller's own loop.

The brokers have a loop of their own in either case; what is awaited here is awaited on the caller's, and blocks nobody.
Names and meanings are those of `kafka` itself: `kafka.broker(1).stop()` is `await kafka.aio.broker(1).stop()`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from minikafka.config import ConfigValue
from minikafka.history import Event
from minikafka.ledger.logs import NOBODY_KNOWS, IdOf
from minikafka.ledger.verdict import Verdict
from minikafka.runtime.control.condition import Condition
from minikafka.runtime.snapshots import Snapshot
from minikafka.testing.aio_faults import AioFaults
from minikafka.testing.clock import A_WEEK_S, check_kind, found_within, milliseconds
from minikafka.testing.groups import GroupHandle, GroupMember
from minikafka.testing.topics import TopicHandle
from minikafka.types import CONTROLLER_ID, BrokerId, Now

if TYPE_CHECKING:
    from minikafka.testing.cluster import Cluster


class Aio:
    """See the module."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self.controller = AioNode(cluster, CONTROLLER_ID)
        self.clock = AioClock(cluster)
        self.faults = AioFaults(cluster)

    def broker(self, broker: BrokerId) -> AioBroker:
        """See `Cluster.broker`."""
        return AioBroker(self._cluster, self._cluster.broker(broker).id)

    def group(self, group_id: str) -> AioGroup:
        """See `Cluster.group`."""
        return AioGroup(self._cluster.group(group_id))

    async def topic(
        self,
        name: str,
        *,
        partitions: int | None = None,
        replication_factor: int | None = None,
        config: Mapping[str, ConfigValue] | None = None,
    ) -> TopicHandle:
        """See `Cluster.topic`."""
        await self._cluster.run_async(
            lambda supervisor: supervisor.metadata.ensure_topic(
                name, partitions, replication_factor, config or {}
            )
        )
        return TopicHandle(self._cluster, name)

    async def wait(self, *, timeout: float = 10.0, **conditions: Any) -> None:  # noqa: ASYNC109 - as Cluster.wait
        """See `Cluster.wait`."""
        condition = Condition.of(**conditions)
        await self._cluster.run_async(lambda supervisor: condition.wait(supervisor, timeout))

    async def set_feature(self, name: str, level: int) -> None:
        """See `Cluster.set_feature`."""
        await self._cluster.run_async(lambda supervisor: supervisor.metadata.set_feature(name, level))

    async def verdict(
        self, *, id_header: str | None = None, id_of: Mapping[str, IdOf] = NOBODY_KNOWS
    ) -> Verdict:
        """See `Cluster.verdict`."""
        return await asyncio.to_thread(self._cluster.verdict, id_header=id_header, id_of=id_of)

    # What may happen to it.

    async def isolate(self, broker: BrokerId, *, clients: bool = False) -> None:
        """See `Cluster.isolate`."""
        await self._cluster.run_async(lambda supervisor: supervisor.isolate(broker, clients=clients))

    async def cut(self, one: BrokerId | str, other: BrokerId | str) -> None:
        """See `Cluster.cut`."""
        await self._cluster.run_async(lambda supervisor: supervisor.cut(one, other))

    async def delay(self, one: BrokerId | str, other: BrokerId | str, *, ms: int) -> None:
        """See `Cluster.delay`."""
        await self._cluster.run_async(lambda supervisor: supervisor.delay(one, other, ms))

    async def heal(self) -> None:
        """See `Cluster.heal`."""
        await self._cluster.run_async(lambda supervisor: supervisor.hosting.heal())

    async def power_loss(self, seed: int | None = None) -> None:
        """See `Cluster.power_loss`: of every broker at once."""
        await self._cluster.run_async(lambda supervisor: supervisor.power_loss(seed))

    async def snapshot(self) -> Snapshot:
        """See `Cluster.snapshot`."""
        return await self._cluster.run_async(lambda supervisor: supervisor.snapshots.take())

    async def restore(self, snapshot: Snapshot) -> None:
        """See `Cluster.restore`."""
        await self._cluster.run_async(lambda supervisor: supervisor.snapshots.restore(snapshot))

    async def reset(self) -> None:
        """See `Cluster.reset`."""
        await self._cluster.run_async(lambda supervisor: supervisor.snapshots.reset())


class AioNode:
    """Any node: the controller, or a broker."""

    def __init__(self, cluster: Cluster, node: BrokerId) -> None:
        self._cluster = cluster
        self.id = node

    async def start(self) -> None:
        """See `NodeHandle.start`."""
        await self._cluster.run_async(lambda supervisor: supervisor.start_node(supervisor.node(self.id)))

    async def stop(self) -> None:
        """See `NodeHandle.stop`."""
        await self._cluster.run_async(lambda supervisor: supervisor.node(self.id).stop())

    async def kill(self) -> None:
        """See `NodeHandle.kill`."""
        await self._cluster.look_async(lambda supervisor: supervisor.node(self.id).kill())

    async def power_loss(self, seed: int | None = None) -> None:
        """See `NodeHandle.power_loss`."""
        await self._cluster.run_async(lambda supervisor: supervisor.node(self.id).power_loss(seed))

    async def pause(self) -> None:
        """See `NodeHandle.pause`."""
        await self._cluster.run_async(lambda supervisor: supervisor.node(self.id).pause())

    async def resume(self) -> None:
        """See `NodeHandle.resume`."""
        await self._cluster.look_async(lambda supervisor: supervisor.node(self.id).resume())


class AioBroker(AioNode):
    """One broker."""

    async def freeze_metadata(self) -> None:
        """See `BrokerHandle.freeze_metadata`."""
        await self._cluster.run_async(lambda supervisor: supervisor.node(self.id).hold_metadata(held=True))

    async def thaw_metadata(self) -> None:
        """See `BrokerHandle.thaw_metadata`."""
        await self._cluster.run_async(lambda supervisor: supervisor.node(self.id).hold_metadata(held=False))


class AioClock:
    """Broker time."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster

    async def now(self) -> Now:
        """See `Clock.now`."""
        return await self._cluster.run_async(lambda supervisor: supervisor.clock.now())

    async def freeze(self) -> None:
        """See `Clock.freeze`."""
        await self._cluster.run_async(lambda supervisor: supervisor.clock.freeze())

    async def resume(self) -> None:
        """See `Clock.resume`."""
        await self._cluster.run_async(lambda supervisor: supervisor.clock.resume())

    async def advance(self, *, seconds: float = 0, ms: float = 0, expire_live: bool = False) -> None:
        """See `Clock.advance`."""
        by_ms = milliseconds(seconds, ms)
        await self._cluster.run_async(
            lambda supervisor: supervisor.clock.advance(by_ms, expire_live=expire_live)
        )

    async def run_to_next(
        self, kind: str | None = None, *, within: float = A_WEEK_S, expire_live: bool = False
    ) -> list[Event]:
        """See `Clock.run_to_next`."""
        check_kind(kind)
        limit_ms = milliseconds(within, 0)
        told = await self._cluster.run_async(
            lambda supervisor: supervisor.clock.run_to_next(kind, limit_ms, expire_live=expire_live)
        )
        return found_within(told, kind, within)


class AioGroup:
    """One consumer group."""

    def __init__(self, group: GroupHandle) -> None:
        self._group = group
        self.id = group.id

    async def wait_for_assignment(
        self,
        *,
        members: int = 1,
        timeout: float = 10.0,  # noqa: ASYNC109 - as GroupHandle's
    ) -> list[GroupMember]:
        """See `GroupHandle.wait_for_assignment`."""
        return await asyncio.to_thread(self._group.wait_for_assignment, members=members, timeout=timeout)
