"""ListGroups (API 16), versions 0 to 5: the groups this broker coordinates; clients ask every broker.

v3 flexible. v4 states, and a filter by them. v5 types, and a filter by them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from minikafka.broker.request import Request
from minikafka.errors import Rejected
from minikafka.group import describe
from minikafka.types import Now
from minikafka.wire.messages.list_groups import ListedGroup, ListGroupsRequest, ListGroupsResponse

if TYPE_CHECKING:
    from minikafka.broker.broker import Broker


def handle(broker: Broker, request: Request[ListGroupsRequest], now: Now) -> None:
    """Ask every coordinator here; one that is still loading refuses for all, so that no group seems to be gone."""
    body = request.body

    def answer(listed: list[list[describe.ListedGroup]], _: Now) -> None:
        request.reply(ListGroupsResponse(groups=[_listed(group) for part in listed for group in part]))

    def reject(refusal: Rejected, _: Now) -> None:
        request.reply(ListGroupsResponse(error_code=int(refusal.code)))

    broker.groups.read_all(
        lambda shard, _: shard.list_groups(body.states_filter, body.types_filter), answer, reject, now
    )


def _listed(group: describe.ListedGroup) -> ListedGroup:
    return ListedGroup(
        group_id=group.group_id,
        protocol_type=group.protocol_type,
        group_state=group.state,
        group_type=group.group_type,
    )
