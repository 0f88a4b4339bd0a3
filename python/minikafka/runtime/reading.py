"""A partition's log read over the wire, as a consumer would, for whoever looks at a running cluster."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Final

from minikafka.errors import ErrorCode, MinikafkaError
from minikafka.log.batch import inspect_batches
from minikafka.runtime import rpc
from minikafka.types import Offset, TopicPartition
from minikafka.wire.messages import fetch

FETCH_VERSION: Final = 12
FETCH_BYTES: Final = 1 << 20


async def fetched(
    address: tuple[str, int], name: TopicPartition, start: Offset, end: Offset
) -> AsyncIterator[bytes]:
    """Whole batches from the one with offset `start` up to `end` (exclusive), some at a time.

    Raises MinikafkaError when the broker at `address` refuses.
    """
    offset = start
    while offset < end:
        wanted = fetch.FetchPartition(
            partition=name.partition, fetch_offset=offset, partition_max_bytes=FETCH_BYTES
        )
        request = fetch.FetchRequest(
            max_bytes=FETCH_BYTES, topics=[fetch.FetchTopic(topic=name.topic, partitions=[wanted])]
        )
        response = await rpc.call(*address, request, FETCH_VERSION)
        assert isinstance(response, fetch.FetchResponse)
        answer = response.responses[0].partitions[0]
        if answer.error_code != ErrorCode.NONE:
            raise MinikafkaError(f"{address[0]}:{address[1]} answers {ErrorCode(answer.error_code).name}")
        data = bytes(answer.records or b"")
        headers = inspect_batches(data, verify_crc=False)
        if not headers:
            return  # a hole that compaction left reaches up to the end
        yield data
        offset = headers[-1].last_offset + 1
