"""DescribeGroups (API 15), versions 0 to 6: classic groups.

v3 authorized operations: we have no ACLs, so the answer is "not known". v4 instance ids. v5 flexible. v6 says
GROUP_ID_NOT_FOUND [69]; before, an unknown group is described as Dead.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Final

from minikafka.broker import groups
from minikafka.broker.authorized import ON_GROUP
from minikafka.broker.request import Request
from minikafka.errors import ErrorCode
from minikafka.group import describe
from minikafka.group.classic.states import ClassicGroupState
from minikafka.types import Now
from minikafka.wire.messages.describe_groups import (
    DescribedGroup,
    DescribedGroupMember,
    DescribeGroupsRequest,
    DescribeGroupsResponse,
)

if TYPE_CHECKING:
    from minikafka.broker.broker import Broker

NOT_FOUND_VERSION: Final = 6


def handle(broker: Broker, request: Request[DescribeGroupsRequest], now: Now) -> None:
    """Ask each group's coordinator; answer when all have."""

    def tell(described: Sequence[DescribedGroup]) -> None:
        for group in described:
            if request.body.include_authorized_operations and group.error_code == ErrorCode.NONE:
                group.authorized_operations = ON_GROUP
        request.reply(DescribeGroupsResponse(groups=list(described)))

    asked = request.body.groups
    gather = groups.Gather(len(asked), tell)
    for place, group_id in enumerate(asked):
        _describe(broker, request, group_id, partial(gather.put, place), now)


def _describe(
    broker: Broker,
    request: Request[DescribeGroupsRequest],
    group_id: str,
    put: groups.Put[DescribedGroup],
    now: Now,
) -> None:
    is_told = request.api_version >= NOT_FOUND_VERSION
    groups.read(
        broker,
        group_id,
        lambda shard, _: shard.describe_group(group_id),
        lambda found, _: put(_unknown(group_id, told=is_told) if found is None else _described(found)),
        lambda refusal, _: put(DescribedGroup(group_id=group_id, error_code=int(refusal.code))),
        now,
    )


def _described(group: describe.DescribedGroup) -> DescribedGroup:
    members = [
        DescribedGroupMember(
            member_id=member.member_id,
            group_instance_id=member.instance_id,
            client_id=member.client_id,
            client_host=member.client_host,
            member_metadata=member.metadata,
            member_assignment=member.assignment,
        )
        for member in group.members
    ]
    return DescribedGroup(
        group_id=group.group_id,
        group_state=group.state,
        protocol_type=group.protocol_type,
        protocol_data=group.protocol_name,
        members=members,
    )


def _unknown(group_id: str, *, told: bool) -> DescribedGroup:
    state = ClassicGroupState.DEAD.value
    if not told:
        return DescribedGroup(group_id=group_id, group_state=state)
    code = int(ErrorCode.GROUP_ID_NOT_FOUND)
    return DescribedGroup(
        group_id=group_id, group_state=state, error_code=code, error_message=f"Group {group_id} not found."
    )
