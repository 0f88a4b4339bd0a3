"""OffsetFetch (API 9), versions 1 to 10.

v2 null topics ask for everything; a group-level error. v5 leader epochs. v6 flexible. v7 `require_stable` (T12).
v8 several groups at once, and the answer moves into `groups`. v9 member fields, for KIP-848 groups only.
v10 names topics by id: an unknown one is UNKNOWN_TOPIC_ID [100].
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Final

from minikafka.broker import groups
from minikafka.broker.request import Request
from minikafka.controller.image import MetadataImage
from minikafka.errors import ErrorCode, Rejected
from minikafka.group.fetch import FetchedOffset, OffsetToFetch
from minikafka.types import NO_TOPIC_ID, Now, TopicPartition
from minikafka.wire.messages.offset_fetch import (
    OffsetFetchRequest,
    OffsetFetchRequestGroup,
    OffsetFetchRequestTopic,
    OffsetFetchRequestTopics,
    OffsetFetchResponse,
    OffsetFetchResponseGroup,
    OffsetFetchResponsePartition,
    OffsetFetchResponsePartitions,
    OffsetFetchResponseTopic,
    OffsetFetchResponseTopics,
)

if TYPE_CHECKING:
    from minikafka.broker.broker import Broker

GROUP_ERROR_VERSION: Final = 2
GROUPS_VERSION: Final = 8
TOPIC_ID_VERSION: Final = 10


def handle(broker: Broker, request: Request[OffsetFetchRequest], now: Now) -> None:
    """Ask each group's coordinator; answer when all have."""
    asked = _groups(request)
    gather = groups.Gather(len(asked), partial(_reply, request))
    for place, group in enumerate(asked):
        _fetch(broker, request, group, partial(gather.put, place), now)


def _groups(request: Request[OffsetFetchRequest]) -> list[OffsetFetchRequestGroup]:
    """The one group of older versions, in the shape of the newer."""
    body = request.body
    if request.api_version >= GROUPS_VERSION:
        return body.groups
    if body.topics is None:
        return [OffsetFetchRequestGroup(group_id=body.group_id, topics=None)]
    topics = [
        OffsetFetchRequestTopics(name=topic.name, partition_indexes=topic.partition_indexes)
        for topic in body.topics
    ]
    return [OffsetFetchRequestGroup(group_id=body.group_id, topics=topics)]


def _fetch(
    broker: Broker,
    request: Request[OffsetFetchRequest],
    group: OffsetFetchRequestGroup,
    put: groups.Put[OffsetFetchResponseGroup],
    now: Now,
) -> None:
    by_id = request.api_version >= TOPIC_ID_VERSION
    asked = None if group.topics is None else _known(broker.image, group.topics, by_id=by_id)

    def answer(fetched: list[FetchedOffset], _: Now) -> None:
        found = {each.partition: each for each in fetched}
        topics = (
            _everything(broker.image, fetched, by_id=by_id)
            if group.topics is None
            else [_topic(broker.image, topic, found, by_id=by_id) for topic in group.topics]
        )
        put(OffsetFetchResponseGroup(group_id=group.group_id, topics=topics))

    def reject(refusal: Rejected, _: Now) -> None:
        # Consumers before 3.9 do not expect [15] here and give up; [16] makes them look for the coordinator again.
        is_unexpected = refusal.code is ErrorCode.COORDINATOR_NOT_AVAILABLE
        code = ErrorCode.NOT_COORDINATOR if is_unexpected else refusal.code
        put(OffsetFetchResponseGroup(group_id=group.group_id, error_code=int(code)))

    require_stable = request.body.require_stable
    groups.read(
        broker,
        group.group_id,
        lambda shard, _: shard.fetch_offsets(
            group.group_id,
            asked,
            require_stable=require_stable,
            member_id=group.member_id,
            member_epoch=group.member_epoch,
        ),
        answer,
        reject,
        now,
    )


def _known(
    image: MetadataImage, topics: Sequence[OffsetFetchRequestTopics], *, by_id: bool
) -> list[OffsetToFetch]:
    known: list[OffsetToFetch] = []
    for topic in topics:
        name = image.topic_name(topic.topic_id) if by_id else topic.name
        if name is not None:
            topic_id = topic.topic_id if by_id else NO_TOPIC_ID
            known += [
                OffsetToFetch(TopicPartition(name, index), topic_id) for index in topic.partition_indexes
            ]
    return known


def _topic(
    image: MetadataImage,
    topic: OffsetFetchRequestTopics,
    found: dict[TopicPartition, FetchedOffset],
    *,
    by_id: bool,
) -> OffsetFetchResponseTopics:
    name = image.topic_name(topic.topic_id) if by_id else topic.name
    partitions = [
        _unknown(index) if name is None else _partition(found[TopicPartition(name, index)])
        for index in topic.partition_indexes
    ]
    return OffsetFetchResponseTopics(name=topic.name, topic_id=topic.topic_id, partitions=partitions)


def _everything(
    image: MetadataImage, fetched: Sequence[FetchedOffset], *, by_id: bool
) -> list[OffsetFetchResponseTopics]:
    """All of a group's offsets; by id, those of topics that are gone cannot be named and are left out."""
    topics: dict[str, OffsetFetchResponseTopics] = {}
    for each in fetched:
        name = each.partition.topic
        known = image.topic(name)
        if by_id and known is None:
            continue
        topic_id = NO_TOPIC_ID if known is None else known.topic_id
        topic = topics.setdefault(name, OffsetFetchResponseTopics(name=name, topic_id=topic_id))
        topic.partitions.append(_partition(each))
    return list(topics.values())


def _partition(fetched: FetchedOffset) -> OffsetFetchResponsePartitions:
    return OffsetFetchResponsePartitions(
        partition_index=fetched.partition.partition,
        committed_offset=fetched.offset,
        committed_leader_epoch=fetched.leader_epoch,
        metadata=fetched.metadata,
        error_code=int(fetched.error),
    )


def _unknown(index: int) -> OffsetFetchResponsePartitions:
    code = int(ErrorCode.UNKNOWN_TOPIC_ID)
    return OffsetFetchResponsePartitions(partition_index=index, committed_offset=-1, error_code=code)


def _reply(request: Request[OffsetFetchRequest], answered: Sequence[OffsetFetchResponseGroup]) -> None:
    if request.api_version >= GROUPS_VERSION:
        request.reply(OffsetFetchResponse(groups=list(answered)))
        return
    (group,) = answered
    if group.error_code and request.api_version < GROUP_ERROR_VERSION:
        topics = [_failed(topic, group.error_code) for topic in request.body.topics or []]
    else:
        topics = [_older(topic) for topic in group.topics]
    request.reply(OffsetFetchResponse(topics=topics, error_code=group.error_code))


def _older(topic: OffsetFetchResponseTopics) -> OffsetFetchResponseTopic:
    partitions = [
        OffsetFetchResponsePartition(
            partition_index=each.partition_index,
            committed_offset=each.committed_offset,
            committed_leader_epoch=each.committed_leader_epoch,
            metadata=each.metadata,
            error_code=each.error_code,
        )
        for each in topic.partitions
    ]
    return OffsetFetchResponseTopic(name=topic.name, partitions=partitions)


def _failed(topic: OffsetFetchRequestTopic, code: int) -> OffsetFetchResponseTopic:
    """v1 has nowhere else to say it."""
    partitions = [
        OffsetFetchResponsePartition(partition_index=index, committed_offset=-1, error_code=code)
        for index in topic.partition_indexes
    ]
    return OffsetFetchResponseTopic(name=topic.name, partitions=partitions)
