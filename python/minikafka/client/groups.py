"""Consumer groups, of the classic and of the new protocol alike: who is in them, and how they stand."""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

from minikafka.client.assignment import assigned_partitions
from minikafka.client.client import Client, check
from minikafka.errors import ErrorCode, RequestRefused
from minikafka.types import TopicPartition
from minikafka.wire.messages.consumer_group_describe import (
    ConsumerGroupDescribeRequest,
    ConsumerGroupDescribeResponse,
)
from minikafka.wire.messages.delete_groups import DeleteGroupsRequest, DeleteGroupsResponse
from minikafka.wire.messages.describe_groups import DescribeGroupsRequest, DescribeGroupsResponse
from minikafka.wire.messages.list_groups import ListGroupsRequest, ListGroupsResponse


class ListedGroup(NamedTuple):
    """As its coordinator lists it; type and state are empty where an old broker does not say."""

    group_id: str
    type: str
    state: str
    protocol_type: str


class Member(NamedTuple):
    """One member and what it has."""

    member_id: str
    instance_id: str | None
    client_id: str
    host: str
    partitions: list[TopicPartition]


class DescribedGroup(NamedTuple):
    """epoch: the generation, or the group epoch of the new protocol; -1 where a broker does not say."""

    group_id: str
    type: str
    state: str
    assignor: str
    epoch: int
    members: list[Member]


def list_groups(client: Client) -> list[ListedGroup]:
    """Of every living broker, by id. Raises RequestRefused, MinikafkaError."""
    found: dict[str, ListedGroup] = {}

    def ask(broker: int) -> None:
        answer = client.ask(lambda: client.broker(broker), ListGroupsRequest(), ListGroupsResponse, highest=5)
        check(answer.error_code, "listing groups")
        for each in answer.groups:
            found[each.group_id] = ListedGroup(
                each.group_id, each.group_type, each.group_state, each.protocol_type
            )

    for broker in client.until_settled("listing brokers", client.brokers):
        client.until_settled("listing groups", partial(ask, broker))
    return [found[group] for group in sorted(found)]


def describe_group(client: Client, group_id: str) -> DescribedGroup:
    """Raises RequestRefused GROUP_ID_NOT_FOUND when no coordinator knows it."""

    def attempt() -> DescribedGroup:
        return _described_new(client, group_id) or _described_classic(client, group_id)

    return client.until_settled(f"describing group {group_id}", attempt)


def _described_new(client: Client, group_id: str) -> DescribedGroup | None:
    """None: not one of the new protocol (KIP-848), or the broker is older than that."""
    try:
        response = client.ask(
            lambda: client.coordinator(group_id),
            ConsumerGroupDescribeRequest([group_id]),
            ConsumerGroupDescribeResponse,
        )
    except RequestRefused as error:
        if error.code == ErrorCode.UNSUPPORTED_VERSION:
            return None
        raise
    (found,) = response.groups
    if found.error_code in (ErrorCode.GROUP_ID_NOT_FOUND, ErrorCode.UNSUPPORTED_VERSION):
        return None
    check(found.error_code, f"group {group_id!r}", found.error_message)
    members = [
        Member(
            member.member_id,
            member.instance_id,
            member.client_id,
            member.client_host,
            sorted(
                TopicPartition(topic.topic_name, partition)
                for topic in member.assignment.topic_partitions
                for partition in topic.partitions
            ),
        )
        for member in found.members
    ]
    return DescribedGroup(
        group_id, "consumer", found.group_state, found.assignor_name, found.group_epoch, members
    )


def _described_classic(client: Client, group_id: str) -> DescribedGroup:
    response = client.ask(
        lambda: client.coordinator(group_id),
        DescribeGroupsRequest([group_id]),
        DescribeGroupsResponse,
        highest=6,
    )
    (found,) = response.groups
    check(found.error_code, f"group {group_id!r}", found.error_message)
    if found.group_state == "Dead":
        # Before version 6 a group that is not there is a dead one.
        raise RequestRefused(ErrorCode.GROUP_ID_NOT_FOUND, f"group {group_id!r} does not exist here")
    is_consumer = found.protocol_type == "consumer"
    members = [
        Member(
            member.member_id,
            member.group_instance_id,
            member.client_id,
            member.client_host,
            assigned_partitions(bytes(member.member_assignment)) if is_consumer else [],
        )
        for member in found.members
    ]
    return DescribedGroup(group_id, "classic", found.group_state, found.protocol_data, -1, members)


def delete_group(client: Client, group_id: str) -> None:
    """Raises RequestRefused: NON_EMPTY_GROUP, GROUP_ID_NOT_FOUND."""

    def attempt() -> None:
        response = client.ask(
            lambda: client.coordinator(group_id), DeleteGroupsRequest([group_id]), DeleteGroupsResponse
        )
        (result,) = response.results
        check(result.error_code, f"group {group_id!r}", result.error_message)

    client.until_settled(f"deleting group {group_id}", attempt)
