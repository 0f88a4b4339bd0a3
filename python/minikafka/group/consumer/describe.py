"""ConsumerGroupDescribe: a KIP-848 group from outside, with what each member has and what it should have."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from minikafka.group.consumer.group import ConsumerGroup
from minikafka.group.consumer.member import ConsumerMember, Slot
from minikafka.group.consumer.target_assignment import preferred_assignor


class DescribedConsumerMember(NamedTuple):
    """One member as it was when asked."""

    member: ConsumerMember
    target: frozenset[Slot]


class DescribedConsumerGroup(NamedTuple):
    """One group as it was when asked. `assignor`: the one the next target would be computed with."""

    group_id: str
    state: str
    epoch: int
    assignment_epoch: int
    assignor: str
    members: tuple[DescribedConsumerMember, ...]


def describe(
    groups: Mapping[str, ConsumerGroup], group_id: str, assignors: Sequence[str]
) -> DescribedConsumerGroup | None:
    """The group; None when there is no consumer group of that id here."""
    group = groups.get(group_id)
    if group is None:
        return None
    members = tuple(
        DescribedConsumerMember(member, group.target.get(member.member_id, frozenset()))
        for member in group.members.values()
    )
    assignor = preferred_assignor(group.members.values(), assignors)
    return DescribedConsumerGroup(
        group_id, group.state.value, group.epoch, group.assignment_epoch, assignor, members
    )
