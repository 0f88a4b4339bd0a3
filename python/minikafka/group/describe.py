"""ListGroups and DescribeGroups: what can be said about a group from outside."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final, NamedTuple

from minikafka.group.classic.group import ClassicGroup
from minikafka.group.classic.states import DEAD, STABLE
from minikafka.group.classic.subscription import CONSUMER_PROTOCOL_TYPE
from minikafka.group.groups import Groups

CLASSIC_TYPE: Final = "classic"
CONSUMER_TYPE: Final = "consumer"


class ListedGroup(NamedTuple):
    """One line of ListGroups. `protocol_type` is empty for a group nobody ever joined."""

    group_id: str
    protocol_type: str
    state: str
    group_type: str = CLASSIC_TYPE


class DescribedMember(NamedTuple):
    """One member of a described group; `metadata` only while the group is Stable."""

    member_id: str
    instance_id: str | None
    client_id: str
    client_host: str
    metadata: bytes
    assignment: bytes


class DescribedGroup(NamedTuple):
    """One group of DescribeGroups. `protocol_name` only while the group is Stable."""

    group_id: str
    state: str
    protocol_type: str
    protocol_name: str
    members: tuple[DescribedMember, ...]


def list_groups(groups: Groups, states: Collection[str], types: Collection[str]) -> list[ListedGroup]:
    """Groups in one of the states and of one of the types (compared without case); an empty filter passes all."""
    wanted_states = [state.lower() for state in states]
    wanted_types = [kind.lower() for kind in types]
    listed = [
        ListedGroup(group.group_id, group.protocol_type or "", group.state.value)
        for group in groups.by_id.values()
    ] + [
        ListedGroup(group.group_id, CONSUMER_PROTOCOL_TYPE, group.state.value, CONSUMER_TYPE)
        for group in groups.consumer.values()
    ]
    return [
        group
        for group in listed
        if (not wanted_states or group.state.lower() in wanted_states)
        and (not wanted_types or group.group_type in wanted_types)
    ]


def describe_group(groups: Groups, group_id: str) -> DescribedGroup | None:
    """The group; None when there is none here."""
    group = groups.get(group_id)
    if group is None or group.state is DEAD:
        return None
    is_stable = group.state is STABLE
    members = tuple(_described(group, member_id, with_metadata=is_stable) for member_id in group.members)
    protocol_name = group.protocol_name or "" if is_stable else ""
    return DescribedGroup(group_id, group.state.value, group.protocol_type or "", protocol_name, members)


def _described(group: ClassicGroup, member_id: str, *, with_metadata: bool) -> DescribedMember:
    member = group.members[member_id]
    return DescribedMember(
        member.member_id,
        member.instance_id,
        member.client_id,
        member.client_host,
        member.metadata(group.protocol_name) if with_metadata else b"",
        member.assignment,
    )
