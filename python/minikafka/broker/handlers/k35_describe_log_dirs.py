"""DescribeLogDirs (API 35), versions 1 to 5: what lies in this broker's log directories (D7, KIP-113, KIP-827).

v3 an error code for the whole. v4 the volume's size and what is left of it, -1 here: not known. v5 whether the
directory is cordoned, which none is. A null list of topics asks for every partition. A directory whose disk failed is
named with KAFKA_STORAGE_ERROR [56] and nothing in it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from minikafka.broker.request import Request
from minikafka.errors import ErrorCode
from minikafka.partition.partition import Partition
from minikafka.types import Now
from minikafka.wire.messages.describe_log_dirs import (
    DescribeLogDirsPartition,
    DescribeLogDirsRequest,
    DescribeLogDirsResponse,
    DescribeLogDirsResult,
    DescribeLogDirsTopic,
)

if TYPE_CHECKING:
    from minikafka.broker.broker import Broker


def handle(broker: Broker, request: Request[DescribeLogDirsRequest], now: Now) -> None:
    """There is one directory."""
    storage = broker.storage
    if storage.is_offline:
        failed = DescribeLogDirsResult(
            error_code=int(ErrorCode.KAFKA_STORAGE_ERROR), log_dir=storage.directory
        )
        request.reply(DescribeLogDirsResponse(results=[failed]))
        return
    topics = request.body.topics
    wanted = None if topics is None else {(each.topic, index) for each in topics for index in each.partitions}
    by_topic: dict[str, list[DescribeLogDirsPartition]] = {}
    for partition in broker.replicas.all():
        if wanted is None or partition.topic_partition in wanted:
            by_topic.setdefault(partition.topic_partition.topic, []).append(_partition(partition))
    found = [DescribeLogDirsTopic(name=topic, partitions=each) for topic, each in by_topic.items()]
    request.reply(
        DescribeLogDirsResponse(results=[DescribeLogDirsResult(log_dir=storage.directory, topics=found)])
    )


def _partition(partition: Partition) -> DescribeLogDirsPartition:
    """The lag is how far a replica that moves between directories is behind, so it is 0 for all others."""
    return DescribeLogDirsPartition(
        partition_index=partition.topic_partition.partition,
        partition_size=partition.log.port.size_bytes,
        offset_lag=0,
    )
