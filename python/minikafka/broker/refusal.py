"""The answer that refuses a whole request with one error code, as Kafka's `getErrorResponse` builds it.

Most responses have one error code at the top. Where the answer lists partitions (or coordinators, or groups), clients
read the code there, so every one asked for gets it.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Final, TypeAlias

from minikafka.errors import ErrorCode
from minikafka.wire.message import Message
from minikafka.wire.messages import (
    add_partitions_to_txn,
    fetch,
    find_coordinator,
    list_offsets,
    metadata,
    offset_commit,
    offset_fetch,
    produce,
    txn_offset_commit,
)


def refusal(api_version: int, body: object, code: ErrorCode) -> Message | None:
    """A response message for the request `body`; None when its API has no way to say an error."""
    build = BUILDERS.get(type(body))
    if build is not None:
        return build(body, api_version, int(code))
    request_class = type(body)
    module = import_module(request_class.__module__)
    response_class = getattr(module, request_class.__name__.replace("Request", "Response"))
    if "error_code" not in response_class.__slots__:
        return None
    response: Message = response_class(error_code=int(code))
    return response


def _produce(body: produce.ProduceRequest, _version: int, code: int) -> Message:
    def partition(index: int) -> produce.PartitionProduceResponse:
        return produce.PartitionProduceResponse(index=index, error_code=code, base_offset=-1)

    return produce.ProduceResponse(
        responses=[
            produce.TopicProduceResponse(
                name=topic.name,
                topic_id=topic.topic_id,
                partition_responses=[partition(asked.index) for asked in topic.partition_data],
            )
            for topic in body.topic_data
        ]
    )


def _fetch(body: fetch.FetchRequest, _version: int, code: int) -> Message:
    def partition(index: int) -> fetch.PartitionData:
        return fetch.PartitionData(partition_index=index, error_code=code, high_watermark=-1, records=b"")

    return fetch.FetchResponse(
        responses=[
            fetch.FetchableTopicResponse(
                topic=topic.topic,
                topic_id=topic.topic_id,
                partitions=[partition(asked.partition) for asked in topic.partitions],
            )
            for topic in body.topics
        ]
    )


def _list_offsets(body: list_offsets.ListOffsetsRequest, _version: int, code: int) -> Message:
    def partition(index: int) -> list_offsets.ListOffsetsPartitionResponse:
        return list_offsets.ListOffsetsPartitionResponse(partition_index=index, error_code=code)

    return list_offsets.ListOffsetsResponse(
        topics=[
            list_offsets.ListOffsetsTopicResponse(
                name=topic.name, partitions=[partition(asked.partition_index) for asked in topic.partitions]
            )
            for topic in body.topics
        ]
    )


def _metadata(body: metadata.MetadataRequest, _version: int, code: int) -> Message:
    topics = [
        metadata.MetadataResponseTopic(error_code=code, name=topic.name or "", topic_id=topic.topic_id)
        for topic in body.topics or []
    ]
    return metadata.MetadataResponse(topics=topics)


def _offset_commit(body: offset_commit.OffsetCommitRequest, _version: int, code: int) -> Message:
    def partition(index: int) -> offset_commit.OffsetCommitResponsePartition:
        return offset_commit.OffsetCommitResponsePartition(partition_index=index, error_code=code)

    return offset_commit.OffsetCommitResponse(
        topics=[
            offset_commit.OffsetCommitResponseTopic(
                name=topic.name,
                topic_id=topic.topic_id,
                partitions=[partition(asked.partition_index) for asked in topic.partitions],
            )
            for topic in body.topics
        ]
    )


def _txn_offset_commit(body: txn_offset_commit.TxnOffsetCommitRequest, _version: int, code: int) -> Message:
    def partition(index: int) -> txn_offset_commit.TxnOffsetCommitResponsePartition:
        return txn_offset_commit.TxnOffsetCommitResponsePartition(partition_index=index, error_code=code)

    return txn_offset_commit.TxnOffsetCommitResponse(
        topics=[
            txn_offset_commit.TxnOffsetCommitResponseTopic(
                name=topic.name,
                topic_id=topic.topic_id,
                partitions=[partition(asked.partition_index) for asked in topic.partitions],
            )
            for topic in body.topics
        ]
    )


def _offset_fetch(body: offset_fetch.OffsetFetchRequest, version: int, code: int) -> Message:
    if version < 8:
        return offset_fetch.OffsetFetchResponse(error_code=code)
    groups = [
        offset_fetch.OffsetFetchResponseGroup(group_id=group.group_id, error_code=code)
        for group in body.groups
    ]
    return offset_fetch.OffsetFetchResponse(groups=groups)


def _find_coordinator(body: find_coordinator.FindCoordinatorRequest, version: int, code: int) -> Message:
    if version < 4:
        return find_coordinator.FindCoordinatorResponse(error_code=code, node_id=-1, port=-1)
    coordinators = [
        find_coordinator.Coordinator(key=key, node_id=-1, port=-1, error_code=code)
        for key in body.coordinator_keys
    ]
    return find_coordinator.FindCoordinatorResponse(coordinators=coordinators)


def _add_partitions(
    body: add_partitions_to_txn.AddPartitionsToTxnRequest, version: int, code: int
) -> Message:
    if version > 3:
        return add_partitions_to_txn.AddPartitionsToTxnResponse(error_code=code)

    def partition(index: int) -> add_partitions_to_txn.AddPartitionsToTxnPartitionResult:
        return add_partitions_to_txn.AddPartitionsToTxnPartitionResult(
            partition_index=index, partition_error_code=code
        )

    return add_partitions_to_txn.AddPartitionsToTxnResponse(
        results_by_topic_v3_and_below=[
            add_partitions_to_txn.AddPartitionsToTxnTopicResult(
                name=topic.name, results_by_partition=[partition(index) for index in topic.partitions]
            )
            for topic in body.v3_and_below_topics
        ]
    )


Builder: TypeAlias = Callable[..., Message]
"""(request message, API version, error code); each is only ever given its own request class."""

BUILDERS: Final[dict[type, Builder]] = {
    produce.ProduceRequest: _produce,
    fetch.FetchRequest: _fetch,
    list_offsets.ListOffsetsRequest: _list_offsets,
    metadata.MetadataRequest: _metadata,
    offset_commit.OffsetCommitRequest: _offset_commit,
    offset_fetch.OffsetFetchRequest: _offset_fetch,
    find_coordinator.FindCoordinatorRequest: _find_coordinator,
    add_partitions_to_txn.AddPartitionsToTxnRequest: _add_partitions,
    txn_offset_commit.TxnOffsetCommitRequest: _txn_offset_commit,
}
