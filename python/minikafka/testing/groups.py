"""Handles of consumer groups: what the group's coordinator has in memory, and what was committed."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from minikafka.errors import WaitTimeout
from minikafka.group.classic.states import ClassicGroupState
from minikafka.group.shard import GroupShard
from minikafka.runtime.supervisor import Supervisor
from minikafka.types import Offset, TopicPartition

if TYPE_CHECKING:
    from minikafka.testing.cluster import Cluster


class GroupMember(NamedTuple):
    """One member, as the coordinator knows it. `assignment`: as the group's leader encoded it; empty before."""

    member_id: str
    client_id: str
    client_host: str
    instance_id: str | None
    assignment: bytes


class GroupHandle:
    """One classic group, whether it exists yet or not."""

    def __init__(self, cluster: Cluster, group_id: str) -> None:
        self._cluster = cluster
        self.id = group_id

    @property
    def state(self) -> str:
        """`Empty`, `PreparingRebalance`, `CompletingRebalance`, `Stable`; `Dead` when no coordinator knows it."""
        return self._cluster.look(lambda supervisor: _state(supervisor, self.id).value)

    def members(self) -> list[GroupMember]:
        """In the order they joined."""
        return self._cluster.look(lambda supervisor: _members(supervisor, self.id))

    def committed(self, topic: str, partition: int) -> Offset | None:
        """The next offset the group wants; None when it committed none."""
        return self._cluster.look(
            lambda supervisor: _committed(supervisor, self.id, TopicPartition(topic, partition))
        )

    def wait_for_assignment(self, *, members: int = 1, timeout: float = 10.0) -> list[GroupMember]:
        """Wait until the group is stable with at least so many members, each told what is its. Raises WaitTimeout."""

        def is_assigned(supervisor: Supervisor) -> bool:
            present = _members(supervisor, self.id)
            return _state(supervisor, self.id) is ClassicGroupState.STABLE and len(present) >= members

        def seen(supervisor: Supervisor) -> str:
            return f"group {self.id} {_state(supervisor, self.id).value}, {len(_members(supervisor, self.id))} members"

        try:
            self._cluster.run(
                lambda supervisor: supervisor.until(
                    lambda: is_assigned(supervisor), timeout, lambda: seen(supervisor)
                )
            )
        except WaitTimeout as late:
            raise WaitTimeout(f"no assignment: {late}") from None
        return self.members()


def _shard(supervisor: Supervisor, group_id: str) -> GroupShard | None:
    """The shard that coordinates the group, on whichever broker leads it."""
    for host in supervisor.brokers.values():
        groups = None if host.node is None else host.node.groups
        if groups is not None and groups.partition_count:
            shard = groups.shard(groups.partition_for(group_id))
            if shard is not None:
                return shard
    return None


def _state(supervisor: Supervisor, group_id: str) -> ClassicGroupState:
    shard = _shard(supervisor, group_id)
    group = None if shard is None else shard.groups.get(group_id)
    return ClassicGroupState.DEAD if group is None else group.state


def _members(supervisor: Supervisor, group_id: str) -> list[GroupMember]:
    shard = _shard(supervisor, group_id)
    group = None if shard is None else shard.groups.get(group_id)
    if group is None:
        return []
    return [
        GroupMember(
            member.member_id,
            member.client_id,
            member.client_host,
            member.instance_id,
            bytes(member.assignment),
        )
        for member in group.members.values()
    ]


def _committed(supervisor: Supervisor, group_id: str, partition: TopicPartition) -> Offset | None:
    shard = _shard(supervisor, group_id)
    found = None if shard is None else shard.offsets.get(group_id, partition)
    return None if found is None else found.offset
