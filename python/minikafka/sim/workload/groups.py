"""Consumer groups of every kind, whose members come and go, hang and die, while the nemesis has its way (G).

    range         classic, eager                 cooperative   classic, in steps (G9)
    consumer      KIP-848                        mixed         both in one group (G17)

Producers write meanwhile. When no more goes wrong, an epilogue shows that no group is stuck: everybody is there
again, and each group has to settle within its timers (every member a member, with what the coordinator gave it, and
everything read and committed to the end); then one member hangs, one more comes, and the others must not wait for
longer than the rebalance timeout; and it settles once more. What was promised on the way is judged by
`checker/group_*.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

from minikafka.checker.operation import Operation
from minikafka.config import CONSUMER_OFFSETS
from minikafka.coordinator.java_hash import partition_for
from minikafka.sim.checker import group_offsets, group_owners, loss, replicas_agree
from minikafka.sim.checker.group_history import GroupHistory
from minikafka.sim.checker.group_log import OffsetsTopic
from minikafka.sim.client import Producer
from minikafka.sim.group import Group
from minikafka.sim.offset_reader import OffsetReader
from minikafka.sim.promise import Promise, promise_of
from minikafka.sim.workload.base import Final as FinalLogs
from minikafka.types import Offset, TopicPartition

if TYPE_CHECKING:
    from minikafka.sim.host import Host
    from minikafka.sim.swarm import Settings
    from minikafka.sim.world import World

LOOK_EVERY_MS: Final = 100
SETTLES_WITHIN_MS: Final = 30_000
"""After everything was mended: the brokers' recovery, a session, a rebalance in which somebody is missing, another one,
and some patience with retries."""
JOINED_WITHIN_MS: Final = 6_000
"""A rebalance in which somebody is missing."""
HANGS_FOR_MS: Final = 7_000
LATE_RECORDS: Final = 5


class GroupWorkload:
    """See the module."""

    def __init__(self, world: World, settings: Settings, partitions: Sequence[TopicPartition]) -> None:
        self._world = world
        self._partitions = list(partitions)
        self._keeps = promise_of(settings).keeps_acknowledged
        self._history = GroupHistory()
        self._log = OffsetsTopic(self._name_of)
        self._groups = [
            Group(world, kind, settings, self._history, self._log.of(f"{kind}-group"))
            for kind in settings.groups
        ]
        count = world.settings.offsets_topic_num_partitions
        self._coordinated_by = [
            TopicPartition(CONSUMER_OFFSETS, index)
            for index in sorted({partition_for(group.group_id, count) for group in self._groups})
        ]
        self._producers = [
            self._producer(f"producer-{index}", index, settings.records)
            for index in range(settings.producers)
        ]
        self._is_over = False
        self._stuck: list[str] = []
        for host in world.hosts.values():
            host.watch = _both(host.watch, self._turned)

    def _producer(self, name: str, index: int, records: int) -> Producer:
        values = [f"{name}-{number}".encode() for number in range(records)]
        partition = self._partitions[index % len(self._partitions)]
        return Producer(self._world, name, partition, values, self._world.fork(name), in_flight=5)

    def _name_of(self, topic_id: bytes) -> str | None:
        return next(
            (name for name, topic in self._world.topics().items() if topic.topic_id == topic_id), None
        )

    def _turned(self, host: Host) -> None:
        """The committed part of the groups' partitions is read as it grows."""
        broker = self._world.broker(host.node_id)
        if broker is None:
            return
        for name in self._coordinated_by:
            replica = broker.replicas.get(name)
            if replica is not None and replica.is_leader:
                self._log.look(replica, self._world.clock.now_us)

    # Its course.

    @property
    def is_done(self) -> bool:
        return self._is_over

    @property
    def acknowledged(self) -> int:
        """Commits."""
        return sum(commit.accepted is True for commit in self._history.commits)

    def begin(self) -> None:
        for producer in self._producers:
            producer.run()
        for group in self._groups:
            group.begin()

    def history(self) -> list[Operation]:
        """Of the producers; what members did is judged by the checkers of groups."""
        return [line for producer in self._producers for line in producer.history()]

    def healed(self) -> None:
        """The epilogue, group by group at the same time."""
        for group in self._groups:
            group.bring_everybody_back()
        self._wait(self._has_settled, SETTLES_WITHIN_MS, "settle", self._hang_and_join)

    def _hang_and_join(self) -> None:
        late = [
            self._producer(f"late-{index}", index, LATE_RECORDS) for index in range(len(self._partitions))
        ]
        self._producers += late
        for producer in late:
            producer.run()
        for group in self._groups:
            group.hang_one_and_add_one(HANGS_FOR_MS)
        self._wait(Group.has_let_in, JOINED_WITHIN_MS, "let the newcomer in", self._settle_again)

    def _settle_again(self) -> None:
        self._wait(self._has_settled, HANGS_FOR_MS + SETTLES_WITHIN_MS, "settle again", self._ask_for_offsets)

    def _ask_for_offsets(self) -> None:
        reader = OffsetReader(
            self._world, [group.group_id for group in self._groups], self._partitions, self._history
        )
        reader.run()
        self._wait(lambda group: reader.is_done, SETTLES_WITHIN_MS, "tell its offsets", self._end)

    def _end(self) -> None:
        self._is_over = True
        for group in self._groups:
            group.end()

    def _wait(
        self, is_ready: Callable[[Group], bool], within_ms: int, what: str, then: Callable[[], None]
    ) -> None:
        clock = self._world.clock
        deadline_us = clock.now_us + within_ms * 1_000

        def look() -> None:
            waiting = [group for group in self._groups if not is_ready(group)]
            if not waiting:
                then()
            elif clock.now_us < deadline_us:
                clock.after(LOOK_EVERY_MS * 1_000, look)
            else:
                self._stuck += [
                    f"stuck: {group.group_id} did not {what} within {within_ms} ms: {group.state}"
                    for group in waiting
                ]
                self._end()

        look()

    def _has_settled(self, group: Group) -> bool:
        return self._is_produced() and group.has_settled(self._ends())

    def _is_produced(self) -> bool:
        return all(producer.is_done for producer in self._producers)

    def _ends(self) -> dict[TopicPartition, Offset]:
        world = self._world
        ends: dict[TopicPartition, Offset] = dict.fromkeys(self._partitions, -1)
        for node in world.brokers:
            for name in self._partitions:
                replica = world.replica(node, name)
                if replica is not None and replica.is_leader:
                    ends[name] = max(ends[name], replica.high_watermark)
        return ends

    # Its verdict.

    def judge(self, final: FinalLogs, promise: Promise) -> list[str]:
        """Where a committed record may be lost, so may the coordinators' own: nothing follows."""
        violations = loss.check(
            [producer.acknowledged for producer in self._producers],
            final.records,
            final.starts,
            keeps_acknowledged=promise.keeps_acknowledged,
        )
        violations += self._check_replicas()
        if not promise.keeps_acknowledged:
            return violations
        violations += self._stuck
        logs = {group.group_id: group.log for group in self._groups}
        for group_id, log in logs.items():
            violations += group_owners.check_log(group_id, log)
        violations += group_owners.check_clients(self._history, logs)
        violations += group_offsets.check(self._history, logs)
        found = {name: [offset for offset, _ in records] for name, records in final.records.items()}
        for group in self._groups:
            violations += group.violations
            if not self._stuck:
                violations += group_offsets.check_nothing_skipped(group.group_id, self._history.seen, found)
        return violations

    def _check_replicas(self) -> list[str]:
        world = self._world
        violations = []
        for name in self._coordinated_by:
            replicas = {
                node: replica for node in world.brokers if (replica := world.replica(node, name)) is not None
            }
            violations += replicas_agree.check(replicas)
        return violations


def _both(first: Callable[[Host], None] | None, second: Callable[[Host], None]) -> Callable[[Host], None]:
    def watch(host: Host) -> None:
        if first is not None:
            first(host)
        second(host)

    return watch
