"""OffsetFetch: where a group left off.

An offset nobody committed is -1, not an error: the consumer's `auto.offset.reset` decides. An offset with an open
transaction on it is uncertain; who asks for stable offsets (`require_stable`, KIP-447) hears UNSTABLE_OFFSET_COMMIT
[88] and asks again, because starting from the old value would process the transaction's input twice (T12).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from minikafka.errors import ErrorCode
from minikafka.group.offsets import Offsets
from minikafka.group.records import CommittedOffset
from minikafka.types import NO_EPOCH, NO_OFFSET, NO_TOPIC_ID, LeaderEpoch, Offset, TopicId, TopicPartition


class FetchedOffset(NamedTuple):
    """One partition's answer."""

    partition: TopicPartition
    offset: Offset = NO_OFFSET
    leader_epoch: LeaderEpoch = NO_EPOCH
    metadata: str = ""
    error: ErrorCode = ErrorCode.NONE


class OffsetToFetch(NamedTuple):
    """With a topic id, an offset committed for another topic of the same name is not found (F12)."""

    partition: TopicPartition
    topic_id: TopicId = NO_TOPIC_ID


ALL_OFFSETS: Final = None
"""Asks for every offset the group committed."""


def fetch(
    offsets: Offsets, group_id: str, asked: Sequence[OffsetToFetch] | None, *, require_stable: bool
) -> list[FetchedOffset]:
    """The answers, in order; `ALL_OFFSETS` for all there are. An unknown group has committed nothing."""
    if asked is ALL_OFFSETS:
        return [
            _answer(offsets, group_id, partition, committed, require_stable)
            for partition, committed in offsets.of_group(group_id)
        ]
    found = [_same_topic(offsets.get(group_id, each.partition), each) for each in asked]
    return [
        _answer(offsets, group_id, each.partition, committed, require_stable)
        for each, committed in zip(asked, found, strict=True)
    ]


def _answer(
    offsets: Offsets,
    group_id: str,
    partition: TopicPartition,
    committed: CommittedOffset | None,
    require_stable: bool,
) -> FetchedOffset:
    if require_stable and offsets.is_pending(group_id, partition):
        return FetchedOffset(partition, error=ErrorCode.UNSTABLE_OFFSET_COMMIT)
    if committed is None:
        return FetchedOffset(partition)
    return FetchedOffset(partition, committed.offset, committed.leader_epoch, committed.metadata)


def _same_topic(committed: CommittedOffset | None, asked: OffsetToFetch) -> CommittedOffset | None:
    """Either side may not know the id (older versions); then the name decides."""
    if committed is None or NO_TOPIC_ID in (committed.topic_id, asked.topic_id):
        return committed
    return committed if committed.topic_id == asked.topic_id else None
