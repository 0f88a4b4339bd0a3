"""Groups, transactions and parked requests: what the coordinators and the purgatories hold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Final, NamedTuple

from minikafka.admin.route import AnyRoute, Nothing, Route, path
from minikafka.admin.scope import Scope, missing
from minikafka.runtime.control.views import ALL, CommittedView, GroupView, Question, TransactionView
from minikafka.types import BrokerId, TopicPartition


class MemberAnswer(NamedTuple):
    """One member. epoch: the generation in a classic group. assignment: as a classic group's leader encoded it, in
    base64; of a KIP-848 group, `assigned` says which partitions of which topic id (hex)."""

    member_id: str
    client_id: str
    client_host: str
    instance_id: str | None
    epoch: int
    assignment: bytes
    assigned: list[tuple[str, int]]


class GroupAnswer(NamedTuple):
    """One group. type: `classic`, `consumer` (KIP-848), or `none` when only offsets are left. committed: the next
    offset the group wants."""

    group_id: str
    coordinator: BrokerId
    type: str
    state: str
    epoch: int
    members: list[MemberAnswer]
    committed: list[CommittedView]


class TransactionAnswer(NamedTuple):
    """One transactional id. state: of the coordinator, such as `Ongoing` or `PrepareCommit`."""

    transactional_id: str
    coordinator: BrokerId
    state: str
    producer_id: int
    producer_epoch: int
    timeout_ms: int
    start_timestamp_ms: int
    partitions: list[TopicPartition]


class ParkedAnswer(NamedTuple):
    """A request that waits. deadline_ms: its broker's time, monotonic. waits_for: `orders-0 HIGH_WATERMARK`, say."""

    broker: BrokerId
    purgatory: str
    deadline_ms: int
    waits_for: list[str]


@dataclass(frozen=True, slots=True)
class OneGroup:
    group: Annotated[str, path("its `group.id`")]


@dataclass(frozen=True, slots=True)
class OneTransaction:
    id: Annotated[str, path("a `transactional.id`")]


async def groups(scope: Scope, asked: Nothing) -> list[GroupAnswer]:
    return await _groups(scope, ALL)


async def group(scope: Scope, asked: OneGroup) -> GroupAnswer:
    found = [one for one in await _groups(scope, asked.group) if one.group_id == asked.group]
    if not found:
        raise missing("group", asked.group, [one.group_id for one in await _groups(scope, ALL)])
    return found[0]


async def _groups(scope: Scope, wanted: str) -> list[GroupAnswer]:
    view = await scope.look(Question(group=wanted))
    found = [_group(node.node, one) for node in view.brokers for one in node.groups]
    return sorted(found, key=lambda one: one.group_id)


def _group(coordinator: BrokerId, view: GroupView) -> GroupAnswer:
    members = [MemberAnswer(*member) for member in view.members]
    return GroupAnswer(view.group_id, coordinator, view.type, view.state, view.epoch, members, view.committed)


async def transactions(scope: Scope, asked: Nothing) -> list[TransactionAnswer]:
    view = await scope.look(Question(transactions=True))
    found = [_transaction(node.node, one) for node in view.brokers for one in node.transactions]
    return sorted(found, key=lambda one: one.transactional_id)


def _transaction(coordinator: BrokerId, view: TransactionView) -> TransactionAnswer:
    return TransactionAnswer(view.transactional_id, coordinator, *view[1:])


async def transaction(scope: Scope, asked: OneTransaction) -> TransactionAnswer:
    every = await transactions(scope, Nothing())
    for one in every:
        if one.transactional_id == asked.id:
            return one
    raise missing("transactional id", asked.id, [one.transactional_id for one in every])


async def parked(scope: Scope, asked: Nothing) -> list[ParkedAnswer]:
    view = await scope.look(Question(parked=True))
    return [ParkedAnswer(node.node, *one) for node in view.brokers for one in node.parked]


ROUTES: Final[tuple[AnyRoute, ...]] = (
    Route("GET", "/v1/groups", "Every consumer group.", Nothing, list[GroupAnswer], groups),
    Route(
        "GET", "/v1/groups/{group}", "One consumer group: state, members, committed offsets.",
        OneGroup, GroupAnswer, group,
    ),
    Route(
        "GET", "/v1/transactions", "Every transactional id, as its coordinator has it.",
        Nothing, list[TransactionAnswer], transactions,
    ),
    Route("GET", "/v1/transactions/{id}", "One transactional id.", OneTransaction, TransactionAnswer, transaction),
    Route(
        "GET", "/v1/requests/parked", "Produce and Fetch requests that wait, and for what.",
        Nothing, list[ParkedAnswer], parked,
    ),
)  # fmt: skip
