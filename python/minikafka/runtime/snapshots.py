"""Snapshots of a cluster: its brokers' directories at one moment, and where the metadata log ended then.

To restore one, the brokers are ended, their directories put back, and the controller, which lives on, decides the
metadata of that moment anew (`controller/take_back.py`): so every epoch is above any that a client has seen. Then those
brokers are started that lived when the snapshot was taken, on the same ports, as after a kill of their processes.
"""

from __future__ import annotations

import asyncio
import os
import shutil
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from minikafka.errors import MinikafkaError
from minikafka.runtime.control.cluster import ClusterView
from minikafka.runtime.control.views import ALL, HEALTH, Question
from minikafka.runtime.saved import copy_node, log_directories
from minikafka.types import CONTROLLER_ID, BrokerId, Offset, TopicPartition

if TYPE_CHECKING:
    from minikafka.runtime.supervisor import Supervisor

RESTORE_TIMEOUT_S: Final = 30.0


class Led(NamedTuple):
    """A partition as it was: its leader, and what was committed; -1 when that may not come back by itself."""

    name: TopicPartition
    leader: BrokerId
    high_watermark: Offset


class Snapshot(NamedTuple):
    """What `Snapshots.take` set aside. metadata_offset: of the last metadata record of that moment. brokers: those
    alive."""

    number: int
    metadata_offset: Offset
    brokers: tuple[BrokerId, ...]
    led: tuple[Led, ...]


class Snapshots:
    """Of one cluster; they go when it ends. Runs on the loop."""

    def __init__(self, supervisor: Supervisor) -> None:
        self._supervisor = supervisor
        self._taken: dict[int, Snapshot] = {}
        self._next = 1
        self._began_at: Offset = -1
        self._began_logs: dict[BrokerId, list[str]] = {}
        """Directories of the logs that each broker had then."""
        self._metadata_from: Offset = 0

    async def began(self) -> None:
        """The cluster has started: `reset` goes back to this."""
        self._began_at = (await self._supervisor.look(HEALTH)).nodes[CONTROLLER_ID].metadata_offset
        self._began_logs = {
            node: log_directories(broker.directory) for node, broker in self._supervisor.brokers.items()
        }

    @property
    def taken(self) -> dict[int, Snapshot]:
        """By number."""
        return dict(self._taken)

    async def take(self) -> Snapshot:
        """Set the state of this moment aside. What brokers have in memory alone is not part of it: it is what would be
        there if all their processes were killed now."""
        supervisor = self._supervisor
        number = self._next
        self._next += 1
        target = self._directory(number)
        target.mkdir(parents=True)
        async with supervisor.hosting.still():
            view = await supervisor.look(Question(topic=ALL))
            for node in supervisor.brokers.values():
                if os.path.isdir(node.directory):  # noqa: PTH112, ASYNC240 - nothing may happen meanwhile
                    copy_node(node.directory, str(target / str(node.node_id)))
        decided = view.nodes.get(CONTROLLER_ID) or max(
            view.nodes.values(), key=lambda one: one.metadata_offset, default=None
        )
        if decided is None:
            shutil.rmtree(target, ignore_errors=True)
            raise MinikafkaError("no snapshot: no node of the cluster is alive")
        snapshot = Snapshot(
            number, decided.metadata_offset, tuple(broker.node for broker in view.brokers), _led(view)
        )
        self._taken[number] = snapshot
        return snapshot

    async def restore(self, snapshot: Snapshot) -> None:
        """Go back to it, as often as wanted. Cuts, delays and fault rules are taken away, paused nodes go on, broker
        time runs, and the verdict begins anew. Raises MinikafkaError for a snapshot of another cluster."""
        if self._taken.get(snapshot.number) != snapshot:
            raise MinikafkaError(f"snapshot {snapshot.number} was not taken of this cluster")
        await self._go_back(snapshot, self._directory(snapshot.number))

    async def reset(self) -> None:
        """Go back to how the cluster was when it started: no records, no groups, and the topics it was asked for.

        Raises MinikafkaError when its data directory held a cluster before: that is not ours to throw away.
        """
        supervisor = self._supervisor
        if not supervisor.directory.is_new:
            raise MinikafkaError(
                f"no reset: {supervisor.directory.path} held data when the cluster started; "
                "take a snapshot there and restore it instead"
            )
        await self._go_back(Snapshot(0, self._began_at, tuple(supervisor.brokers), ()), None)
        for topic in supervisor.spec.topics:
            await supervisor.until_led(topic.name)

    def forget(self) -> None:
        """The cluster ends."""
        self._taken.clear()
        shutil.rmtree(self._directory(0).parent, ignore_errors=True)

    def _has_decided(self, view: ClusterView) -> bool:
        controller = view.nodes.get(CONTROLLER_ID)
        return controller is not None and controller.metadata_from > self._metadata_from

    def _directory(self, number: int) -> Path:
        # Beside the brokers' own, so that a file can have names in both.
        return self._supervisor.directory.path / ".snapshots" / str(number)

    async def _go_back(self, snapshot: Snapshot, saved: Path | None) -> None:
        supervisor = self._supervisor
        brokers = supervisor.brokers.values()
        await supervisor.clock.resume()
        await supervisor.hosting.heal()
        await supervisor.rules.clear()
        for node in supervisor.nodes:
            node.resume()
        for node in brokers:
            node.kill(politely=True)
        await asyncio.gather(*(node.rest() for node in brokers))
        await supervisor.start_node(supervisor.controller)
        for node in brokers:
            source = None if saved is None else saved / str(node.node_id)
            logs = self._began_logs.get(node.node_id, ()) if saved is None else ()
            await node.put_back(str(source) if source is not None and source.is_dir() else None, logs)
        await supervisor.controller.take_back(snapshot.metadata_offset, snapshot.brokers)
        decided = await supervisor.until(
            HEALTH, self._has_decided, RESTORE_TIMEOUT_S, lambda _: "the controller does not decide"
        )
        self._metadata_from = decided.nodes[CONTROLLER_ID].metadata_from
        for node in brokers:
            node.read_metadata_from(self._metadata_from)
        await supervisor.start_brokers(snapshot.brokers)
        # Most are back by now. The rest one by one: a look at all after every turn would take longer than all of this.
        view = await supervisor.look(Question(topic=ALL))
        for one in (one for one in snapshot.led if not _is_back(one, view)):
            await supervisor.until(
                Question(*one.name),
                partial(_is_back, one),
                RESTORE_TIMEOUT_S,
                lambda view, one=one: (
                    f"{one.name} {view.replica(one.leader, one.name)}, not as it was: {one}"
                ),  # type: ignore[misc]
            )


def _led(view: ClusterView) -> tuple[Led, ...]:
    """What is to be waited for: every partition whose leader lives; its high watermark, where the whole replica set is
    in sync and alive, for nothing then keeps it from coming back."""
    decided = view.nodes.get(CONTROLLER_ID) or max(view.nodes.values(), key=lambda one: one.metadata_offset)
    found = []
    for one in decided.partitions:
        name = TopicPartition(one.topic, one.partition)
        leader = view.replica(one.leader, name)
        if leader is not None and leader.is_leader:
            is_whole = set(one.isr) == set(one.replicas) <= view.nodes.keys()
            found.append(Led(name, one.leader, leader.offsets.high_watermark if is_whole else -1))
    return tuple(found)


def _is_back(one: Led, view: ClusterView) -> bool:
    leader = view.replica(one.leader, one.name)
    return leader is not None and leader.is_leader and leader.offsets.high_watermark >= one.high_watermark
