"""Offsets of a commit request, checked against the metadata: what k08 and k28 share.

Partitions that do not exist are refused here, UNKNOWN_TOPIC_OR_PARTITION [3], or UNKNOWN_TOPIC_ID [100] when the topic
is named by an id we do not know; the coordinator sees the rest. One partition never fails another.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeAlias

from minikafka.controller.image import MetadataImage
from minikafka.errors import ErrorCode
from minikafka.group.commit import OffsetToCommit
from minikafka.types import TopicId, TopicPartition
from minikafka.wire.messages.offset_commit import OffsetCommitRequestTopic
from minikafka.wire.messages.txn_offset_commit import TxnOffsetCommitRequestTopic

Topics: TypeAlias = Sequence[OffsetCommitRequestTopic] | Sequence[TxnOffsetCommitRequestTopic]


class OffsetCommits:
    """The offsets of one request.

    offsets: those worth asking the coordinator about.
    errors: per topic and partition, in the request's order; filled in by `answered` or `refused`.
    """

    def __init__(self, image: MetadataImage, topics: Topics, *, by_id: bool) -> None:
        self.offsets: list[OffsetToCommit] = []
        self.errors: list[list[ErrorCode]] = []
        self._places: list[tuple[int, int]] = []
        self._asked: list[tuple[str, TopicId, list[int]]] = []
        for topic in topics:
            name = image.topic_name(topic.topic_id) if by_id else topic.name
            known = None if name is None else image.topic(name)
            unknown = ErrorCode.UNKNOWN_TOPIC_ID if name is None else ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
            row: list[ErrorCode] = []
            for asked in topic.partitions:
                if name is None or known is None or asked.partition_index not in known.partitions:
                    row.append(unknown)
                    continue
                self._places.append((len(self.errors), len(row)))
                row.append(ErrorCode.NONE)
                self.offsets.append(
                    OffsetToCommit(
                        TopicPartition(name, asked.partition_index),
                        asked.committed_offset,
                        asked.committed_leader_epoch,
                        asked.committed_metadata,
                        known.topic_id,
                    )
                )
            self.errors.append(row)
            self._asked.append(
                (topic.name, topic.topic_id, [asked.partition_index for asked in topic.partitions])
            )

    def answered(self, errors: Sequence[ErrorCode]) -> None:
        """What the coordinator said of `offsets`, in order."""
        for (topic, partition), error in zip(self._places, errors, strict=True):
            self.errors[topic][partition] = error

    def refused(self, code: ErrorCode) -> None:
        """The coordinator refused them all."""
        self.answered([code] * len(self.offsets))

    def rows(self) -> Iterator[tuple[str, TopicId, list[tuple[int, int]]]]:
        """(name, topic id, [(partition index, error code)]) per topic as it was named, for the answer."""
        for (name, topic_id, indexes), errors in zip(self._asked, self.errors, strict=True):
            yield name, topic_id, [(index, int(error)) for index, error in zip(indexes, errors, strict=True)]
