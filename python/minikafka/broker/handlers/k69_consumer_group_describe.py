"""ConsumerGroupDescribe (API 69), versions 0 and 1: KIP-848 groups. v1 says of each member which protocol it speaks.

A classic group of that id is GROUP_ID_NOT_FOUND [69] here, as a KIP-848 group is for DescribeGroups. Authorized
operations: we have no ACLs, so the answer is "not known". With `group.version` 0: UNSUPPORTED_VERSION [35] (C2).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Final

from minikafka.broker import groups
from minikafka.broker.authorized import ON_GROUP
from minikafka.broker.request import Request
from minikafka.controller.features import GROUP_VERSION
from minikafka.controller.image import MetadataImage
from minikafka.errors import ErrorCode
from minikafka.group.consumer import describe
from minikafka.group.consumer.member import Slot
from minikafka.group.consumer.records import by_topic
from minikafka.types import Now
from minikafka.wire.messages.consumer_group_describe import (
    Assignment,
    ConsumerGroupDescribeRequest,
    ConsumerGroupDescribeResponse,
    DescribedGroup,
    Member,
    TopicPartitions,
)

if TYPE_CHECKING:
    from minikafka.broker.broker import Broker

CLASSIC_MEMBER: Final = 0
CONSUMER_MEMBER: Final = 1
"""`MemberType`: which protocol it speaks (G17)."""


def handle(broker: Broker, request: Request[ConsumerGroupDescribeRequest], now: Now) -> None:
    """Ask each group's coordinator; answer when all have."""

    def tell(described: Sequence[DescribedGroup]) -> None:
        for group in described:
            if request.body.include_authorized_operations and group.error_code == ErrorCode.NONE:
                group.authorized_operations = ON_GROUP
        request.reply(ConsumerGroupDescribeResponse(groups=list(described)))

    asked = request.body.group_ids
    gather = groups.Gather(len(asked), tell)
    is_disabled = broker.image.feature(GROUP_VERSION) < 1
    for place, group_id in enumerate(asked):
        put = partial(gather.put, place)
        if is_disabled:
            put(_failed(group_id, ErrorCode.UNSUPPORTED_VERSION, "group.version is 0"))
        else:
            _describe(broker, group_id, put, now)


def _describe(broker: Broker, group_id: str, put: groups.Put[DescribedGroup], now: Now) -> None:
    missing = _failed(group_id, ErrorCode.GROUP_ID_NOT_FOUND, f"Group {group_id} is not a consumer group.")
    groups.read(
        broker,
        group_id,
        lambda shard, _: shard.describe_consumer_group(group_id),
        lambda found, _: put(missing if found is None else _described(broker.image, found)),
        lambda refusal, _: put(_failed(group_id, refusal.code, refusal.why)),
        now,
    )


def _described(image: MetadataImage, group: describe.DescribedConsumerGroup) -> DescribedGroup:
    return DescribedGroup(
        group_id=group.group_id,
        group_state=group.state,
        group_epoch=group.epoch,
        assignment_epoch=group.assignment_epoch,
        assignor_name=group.assignor,
        members=[_member(image, each) for each in group.members],
    )


def _member(image: MetadataImage, described: describe.DescribedConsumerMember) -> Member:
    member = described.member
    return Member(
        member_id=member.member_id,
        instance_id=member.instance_id,
        rack_id=member.rack_id,
        member_epoch=member.epoch,
        client_id=member.client_id,
        client_host=member.client_host,
        subscribed_topic_names=list(member.topics),
        subscribed_topic_regex=member.regex or None,
        assignment=_assignment(image, member.assigned),
        target_assignment=_assignment(image, described.target),
        member_type=CONSUMER_MEMBER if member.classic is None else CLASSIC_MEMBER,
    )


def _assignment(image: MetadataImage, slots: Iterable[Slot]) -> Assignment:
    """Partitions of topics that are gone cannot be named and are left out."""
    rows = [
        TopicPartitions(topic_id=topic_id, topic_name=image.topic_names[topic_id], partitions=indexes)
        for topic_id, indexes in by_topic(slots).items()
        if topic_id in image.topic_names
    ]
    return Assignment(topic_partitions=rows)


def _failed(group_id: str, code: ErrorCode, why: str) -> DescribedGroup:
    return DescribedGroup(group_id=group_id, error_code=int(code), error_message=why or None)
