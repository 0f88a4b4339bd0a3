"""Handles of consumer groups: what the group's coordinator has in memory, and what was committed."""

from __future__ import annotations

from typing import NamedTuple

from minikafka.errors import WaitTimeout
from minikafka.runtime.control.cluster import ClusterView
from minikafka.runtime.control.views import GroupView, Question
from minikafka.testing.running import Running
from minikafka.types import Offset


class GroupMember(NamedTuple):
    """One member, as the coordinator knows it. `assignment`: as a classic group's leader encoded it; empty before."""

    member_id: str
    client_id: str
    client_host: str
    instance_id: str | None
    assignment: bytes


class GroupHandle:
    """One group, whether it exists yet or not."""

    def __init__(self, cluster: Running, group_id: str) -> None:
        self._cluster = cluster
        self.id = group_id
        self._question = Question(group=group_id)

    @property
    def state(self) -> str:
        """`Empty`, `PreparingRebalance`, `CompletingRebalance`, `Stable` (of a KIP-848 group also `Assigning` and
        `Reconciling`); `Dead` when no coordinator knows it."""
        group = self._look()
        return "Dead" if group is None else group.state

    def members(self) -> list[GroupMember]:
        """In the order they joined."""
        group = self._look()
        return [] if group is None else _members(group)

    def committed(self, topic: str, partition: int) -> Offset | None:
        """The next offset the group wants; None when it committed none."""
        group = self._look()
        offsets = [] if group is None else group.committed
        return next((one.offset for one in offsets if (one.topic, one.partition) == (topic, partition)), None)

    def wait_for_assignment(self, *, members: int = 1, timeout: float = 10.0) -> list[GroupMember]:
        """Wait until the group is stable with at least so many members, each told what is its. Raises WaitTimeout."""

        def is_assigned(view: ClusterView) -> bool:
            group = view.group(self.id)
            return group is not None and group.state == "Stable" and len(group.members) >= members

        def seen(view: ClusterView) -> str:
            group = view.group(self.id)
            return f"group {self.id} " + (
                "Dead" if group is None else f"{group.state}, {len(group.members)} members"
            )

        try:
            view = self._cluster.run(
                lambda supervisor: supervisor.until(self._question, is_assigned, timeout, seen)
            )
        except WaitTimeout as late:
            raise WaitTimeout(f"no assignment: {late}") from None
        group = view.group(self.id)
        return [] if group is None else _members(group)

    def _look(self) -> GroupView | None:
        return self._cluster.ask(self._question).group(self.id)


def _members(group: GroupView) -> list[GroupMember]:
    return [
        GroupMember(
            member.member_id, member.client_id, member.client_host, member.instance_id, member.assignment
        )
        for member in group.members
    ]
