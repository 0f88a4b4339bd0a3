"""DeleteGroups (API 42), versions 0 to 3. v2 flexible. v3 says why, in words (G11)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from minikafka.broker import groups
from minikafka.broker.request import Request
from minikafka.errors import ErrorCode
from minikafka.types import Now
from minikafka.wire.messages.delete_groups import (
    DeletableGroupResult,
    DeleteGroupsRequest,
    DeleteGroupsResponse,
)

if TYPE_CHECKING:
    from minikafka.broker.broker import Broker


def handle(broker: Broker, request: Request[DeleteGroupsRequest], now: Now) -> None:
    """Delete each empty group with its offsets; answer when all coordinators have."""

    def tell(results: Sequence[DeletableGroupResult]) -> None:
        request.reply(DeleteGroupsResponse(results=list(results)))

    asked = request.body.groups_names
    gather = groups.Gather(len(asked), tell)
    for place, group_id in enumerate(asked):
        _delete(broker, group_id, partial(gather.put, place), now)


def _delete(broker: Broker, group_id: str, put: groups.Put[DeletableGroupResult], now: Now) -> None:
    groups.write(
        broker,
        group_id,
        lambda shard, at: shard.delete_group(group_id, at),
        lambda _, __: put(_result(group_id, ErrorCode.NONE, None)),
        lambda refusal, _: put(_result(group_id, refusal.code, refusal.why or None)),
        now,
    )


def _result(group_id: str, code: ErrorCode, why: str | None) -> DeletableGroupResult:
    return DeletableGroupResult(group_id=group_id, error_code=int(code), error_message=why)
