"""A verdict over a running cluster: read every partition as a consumer would, then let the ledger judge."""

from __future__ import annotations

from typing import Final

from minikafka.config import INTERNAL_TOPICS
from minikafka.errors import ErrorCode, MinikafkaError
from minikafka.ledger.facts import Facts
from minikafka.ledger.ledger import Ledger
from minikafka.ledger.logs import LoggedBatch, LoggedPartition, logged_batches
from minikafka.ledger.verdict import Verdict, judge
from minikafka.runtime import rpc
from minikafka.runtime.control.cluster import ClusterView
from minikafka.runtime.control.views import ALL, PartitionView, Question, ReplicaView
from minikafka.runtime.supervisor import Supervisor
from minikafka.types import TopicPartition
from minikafka.wire.messages import describe_configs, fetch

FETCH_VERSION: Final = 12
FETCH_BYTES: Final = 1 << 20
DESCRIBE_CONFIGS_VERSION: Final = 4
TOPIC_RESOURCE: Final = 2
COMPACT: Final = "compact"


async def verdict(supervisor: Supervisor, ledger: Ledger, id_header: str | None = None) -> Verdict:
    """What became of every record of every topic but the internal ones.

    `id_header`: a header that names a record, so that two with the same value are one record for certain.
    """
    view = await supervisor.look(Question(topic=ALL))
    logs = [
        await _read(supervisor, view, one, compacted)
        for topic in _topics(view)
        for compacted in [await _is_compacted(supervisor, view, topic)]
        for one in view.partitions(topic)
    ]
    return judge(Facts(ledger.events()), logs, id_header)


def _topics(view: ClusterView) -> list[str]:
    decided = max(view.nodes.values(), key=lambda one: one.metadata_offset, default=None)
    return [] if decided is None else sorted({one.topic for one in decided.partitions} - INTERNAL_TOPICS)


async def _is_compacted(supervisor: Supervisor, view: ClusterView, topic: str) -> bool:
    alive = [one.node for one in view.brokers if one.is_running]
    if not alive:
        return False
    asked = describe_configs.DescribeConfigsResource(
        resource_type=TOPIC_RESOURCE, resource_name=topic, configuration_keys=["cleanup.policy"]
    )
    request = describe_configs.DescribeConfigsRequest(resources=[asked])
    response = await rpc.call(*supervisor.internal_address(alive[0]), request, DESCRIBE_CONFIGS_VERSION)
    assert isinstance(response, describe_configs.DescribeConfigsResponse)
    return any(COMPACT in (one.value or "") for result in response.results for one in result.configs)


async def _read(
    supervisor: Supervisor, view: ClusterView, decided: PartitionView, compacted: bool
) -> LoggedPartition:
    name = TopicPartition(decided.topic, decided.partition)
    leader = view.replica(decided.leader, name)
    if leader is None or not leader.is_leader:
        return _unreadable(name, f"no living broker leads it (leader {decided.leader})")
    try:
        batches = await _batches(supervisor, decided, leader)
    except MinikafkaError as error:
        return _unreadable(name, str(error))
    offsets = leader.offsets
    return LoggedPartition(
        name,
        True,
        "",
        leader.leader_epoch,
        offsets.log_start_offset,
        offsets.high_watermark,
        offsets.last_stable_offset,
        offsets.log_end_offset,
        compacted,
        batches,
    )


def _unreadable(name: TopicPartition, why: str) -> LoggedPartition:
    return LoggedPartition(name, False, why, -1, 0, 0, 0, 0, False, [])


async def _batches(supervisor: Supervisor, decided: PartitionView, leader: ReplicaView) -> list[LoggedBatch]:
    """From the log start to the high watermark. Raises MinikafkaError when the leader refuses."""
    found: list[LoggedBatch] = []
    offset = leader.offsets.log_start_offset
    while offset < leader.offsets.high_watermark:
        wanted = fetch.FetchPartition(
            partition=decided.partition, fetch_offset=offset, partition_max_bytes=FETCH_BYTES
        )
        request = fetch.FetchRequest(
            max_bytes=FETCH_BYTES, topics=[fetch.FetchTopic(topic=decided.topic, partitions=[wanted])]
        )
        response = await rpc.call(*supervisor.internal_address(decided.leader), request, FETCH_VERSION)
        assert isinstance(response, fetch.FetchResponse)
        answer = response.responses[0].partitions[0]
        if answer.error_code != ErrorCode.NONE:
            raise MinikafkaError(f"broker {decided.leader} answers {ErrorCode(answer.error_code).name}")
        batches = list(logged_batches(bytes(answer.records or b"")))
        if not batches:
            break  # a hole that compaction left reaches up to the high watermark
        found += batches
        offset = batches[-1].last_offset + 1
    return found
