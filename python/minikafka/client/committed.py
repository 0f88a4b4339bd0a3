"""What a group committed: read, set from outside, forgotten."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from minikafka.client.client import Client, check
from minikafka.types import Offset, TopicPartition
from minikafka.wire.messages.offset_commit import (
    OffsetCommitRequest,
    OffsetCommitRequestPartition,
    OffsetCommitRequestTopic,
    OffsetCommitResponse,
)
from minikafka.wire.messages.offset_delete import (
    OffsetDeleteRequest,
    OffsetDeleteRequestPartition,
    OffsetDeleteRequestTopic,
    OffsetDeleteResponse,
)
from minikafka.wire.messages.offset_fetch import OffsetFetchRequest, OffsetFetchResponse


class Committed(NamedTuple):
    """offset: the next to be read; leader_epoch -1: not said."""

    offset: Offset
    leader_epoch: int
    metadata: str


def committed_offsets(client: Client, group_id: str) -> dict[TopicPartition, Committed]:
    """Everything the group committed. Raises RequestRefused, MinikafkaError."""

    def attempt() -> dict[TopicPartition, Committed]:
        # Version 8 and later ask about several groups at once.
        response = client.ask(
            lambda: client.coordinator(group_id),
            OffsetFetchRequest(group_id, None),
            OffsetFetchResponse,
            highest=7,
        )
        check(response.error_code, f"offsets of group {group_id!r}")
        found = {}
        for topic in response.topics:
            for each in topic.partitions:
                partition = TopicPartition(topic.name, each.partition_index)
                check(each.error_code, f"offset of group {group_id!r} in {partition}")
                if each.committed_offset >= 0:
                    found[partition] = Committed(
                        each.committed_offset, each.committed_leader_epoch, each.metadata or ""
                    )
        return dict(sorted(found.items()))

    return client.until_settled(f"offsets of group {group_id}", attempt)


def commit_offsets(
    client: Client,
    group_id: str,
    offsets: Mapping[TopicPartition, Offset],
    *,
    member_id: str = "",
    generation_id: int = -1,
) -> None:
    """As a member, or as nobody, which is allowed while the group has no members. Raises RequestRefused."""
    by_topic: dict[str, list[OffsetCommitRequestPartition]] = {}
    for partition, offset in offsets.items():
        by_topic.setdefault(partition.topic, []).append(
            OffsetCommitRequestPartition(partition.partition, offset, committed_metadata="")
        )
    request = OffsetCommitRequest(
        group_id,
        generation_id,
        member_id,
        topics=[OffsetCommitRequestTopic(topic, partitions=asked) for topic, asked in by_topic.items()],
    )

    def attempt() -> None:
        response = client.ask(lambda: client.coordinator(group_id), request, OffsetCommitResponse, highest=8)
        for topic in response.topics:
            for each in topic.partitions:
                check(
                    each.error_code,
                    f"committing group {group_id!r} in {TopicPartition(topic.name, each.partition_index)}",
                )

    client.until_settled(f"committing group {group_id}", attempt)


def delete_offsets(client: Client, group_id: str, partitions: Iterable[TopicPartition]) -> None:
    """Forget what was committed there. Raises RequestRefused, as while members subscribe to the topic."""
    by_topic: dict[str, list[OffsetDeleteRequestPartition]] = {}
    for partition in partitions:
        by_topic.setdefault(partition.topic, []).append(OffsetDeleteRequestPartition(partition.partition))
    request = OffsetDeleteRequest(
        group_id, [OffsetDeleteRequestTopic(topic, asked) for topic, asked in by_topic.items()]
    )

    def attempt() -> None:
        response = client.ask(lambda: client.coordinator(group_id), request, OffsetDeleteResponse)
        check(response.error_code, f"group {group_id!r}")
        for topic in response.topics:
            for each in topic.partitions:
                check(each.error_code, str(TopicPartition(topic.name, each.partition_index)))

    client.until_settled(f"deleting offsets of group {group_id}", attempt)
