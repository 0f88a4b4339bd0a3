"""Topics: created, described, altered, deleted, their records cut off."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from minikafka.client.client import Client, check
from minikafka.errors import ErrorCode, RequestRefused
from minikafka.types import NO_TOPIC_ID, BrokerId, Offset, TopicId, TopicPartition
from minikafka.wire.messages.create_partitions import (
    CreatePartitionsRequest,
    CreatePartitionsResponse,
    CreatePartitionsTopic,
)
from minikafka.wire.messages.create_topics import (
    CreatableTopic,
    CreatableTopicConfig,
    CreateTopicsRequest,
    CreateTopicsResponse,
)
from minikafka.wire.messages.delete_records import (
    DeleteRecordsPartition,
    DeleteRecordsRequest,
    DeleteRecordsResponse,
    DeleteRecordsTopic,
)
from minikafka.wire.messages.delete_topics import DeleteTopicsRequest, DeleteTopicsResponse
from minikafka.wire.messages.describe_configs import (
    DescribeConfigsRequest,
    DescribeConfigsResource,
    DescribeConfigsResponse,
)
from minikafka.wire.messages.incremental_alter_configs import (
    AlterableConfig,
    AlterConfigsResource,
    IncrementalAlterConfigsRequest,
    IncrementalAlterConfigsResponse,
)

TOPIC_RESOURCE: Final = 2
TOPIC_CONFIG: Final = 1
"""DescribeConfigs' word for "set on the topic itself"."""
SET: Final = 0
DELETE: Final = 1
BROKER_DEFAULT: Final = -1
NOT_YET: Final = frozenset({ErrorCode.UNKNOWN_TOPIC_OR_PARTITION})
"""Created, and not every broker knows."""


class Partition(NamedTuple):
    """As the metadata has it. leader -1: none."""

    number: int
    leader: BrokerId
    leader_epoch: int
    replicas: list[BrokerId]
    isr: list[BrokerId]
    offline: list[BrokerId]


class Topic(NamedTuple):
    """topic_id is NO_TOPIC_ID where an old broker does not say."""

    name: str
    topic_id: TopicId
    is_internal: bool
    partitions: list[Partition]


def list_topics(client: Client, names: Sequence[str] | None = None) -> list[Topic]:
    """These, or all, by name. Raises RequestRefused for one that is not there."""
    response = client.until_settled("looking at topics", lambda: client.metadata(names))
    found = []
    for topic in response.topics:
        name = topic.name or ""
        if topic.error_code and names is not None:
            client.partitions(name)
        partitions = [
            Partition(
                each.partition_index,
                each.leader_id,
                each.leader_epoch,
                each.replica_nodes,
                sorted(each.isr_nodes),
                sorted(each.offline_replicas),
            )
            for each in sorted(topic.partitions, key=lambda each: each.partition_index)
        ]
        found.append(Topic(name, bytes(topic.topic_id or NO_TOPIC_ID), topic.is_internal, partitions))
    return sorted(found)


def create_topic(
    client: Client, name: str, partitions: int, replication_factor: int, configs: Mapping[str, str]
) -> Topic:
    """The new topic, which has leaders when this returns. -1: the broker's default. Raises RequestRefused."""
    settings = [CreatableTopicConfig(key, value) for key, value in configs.items()]
    request = CreateTopicsRequest(
        [CreatableTopic(name, partitions, replication_factor, configs=settings)], _timeout_ms(client)
    )

    def attempt() -> None:
        response = client.ask(client.controller, request, CreateTopicsResponse, highest=7)
        (result,) = response.topics
        check(result.error_code, f"creating topic {name!r}", result.error_message)

    client.until_settled(f"creating topic {name}", attempt)
    return client.until_settled(
        f"waiting for leaders of {name}", lambda: _with_leaders(client, name), also=NOT_YET
    )


def _with_leaders(client: Client, name: str, at_least: int = 1) -> Topic:
    """A broker hears of a change from the controller's log, a moment later. Raises RequestRefused until then."""
    (topic,) = client.metadata([name]).topics
    check(topic.error_code, f"topic {name!r}")
    for number in range(max(at_least, len(topic.partitions))):
        client.leader_id(TopicPartition(name, number))
    return list_topics(client, [name])[0]


def delete_topic(client: Client, name: str) -> None:
    """Raises RequestRefused."""
    request = DeleteTopicsRequest(topic_names=[name], timeout_ms=_timeout_ms(client))

    def attempt() -> None:
        # From version 6 on topics may be named by id.
        response = client.ask(client.controller, request, DeleteTopicsResponse, highest=5)
        (result,) = response.responses
        check(result.error_code, f"deleting topic {name!r}", result.error_message)

    def gone() -> None:
        if name in {topic.name for topic in client.metadata().topics}:
            raise RequestRefused(ErrorCode.LEADER_NOT_AVAILABLE, f"topic {name!r} is still known")

    client.until_settled(f"deleting topic {name}", attempt)
    client.until_settled(f"waiting until {name} is gone", gone)


def add_partitions(client: Client, name: str, count: int) -> None:
    """Until there are `count`, with leaders. Raises RequestRefused: there are never fewer than before."""
    request = CreatePartitionsRequest([CreatePartitionsTopic(name, count, None)], _timeout_ms(client))

    def attempt() -> None:
        response = client.ask(client.controller, request, CreatePartitionsResponse)
        (result,) = response.results
        check(result.error_code, f"partitions of {name!r}", result.error_message)

    client.until_settled(f"adding partitions to {name}", attempt)
    client.until_settled(
        f"waiting for leaders of {name}", lambda: _with_leaders(client, name, count), also=NOT_YET
    )


def alter_configs(client: Client, name: str, values: Mapping[str, str | None]) -> None:
    """Set each, or with None take it back to the default. Raises RequestRefused: INVALID_CONFIG and why."""
    configs = [AlterableConfig(key, DELETE if value is None else SET, value) for key, value in values.items()]
    request = IncrementalAlterConfigsRequest([AlterConfigsResource(TOPIC_RESOURCE, name, configs)])

    def attempt() -> None:
        response = client.ask(client.controller, request, IncrementalAlterConfigsResponse)
        (result,) = response.responses
        check(result.error_code, f"settings of {name!r}", result.error_message)

    def known() -> None:
        own = own_configs(client, name)
        if any((value is None) == (key in own) for key, value in values.items()):
            raise RequestRefused(ErrorCode.LEADER_NOT_AVAILABLE, f"settings of {name!r} are not known yet")

    client.until_settled(f"altering {name}", attempt)
    client.until_settled(f"waiting for settings of {name}", known)


def own_configs(client: Client, name: str) -> dict[str, str]:
    """What was set on the topic itself, by name. Raises RequestRefused."""
    request = DescribeConfigsRequest([DescribeConfigsResource(TOPIC_RESOURCE, name, None)])

    def attempt() -> dict[str, str]:
        response = client.ask(client.any, request, DescribeConfigsResponse)
        (result,) = response.results
        check(result.error_code, f"settings of {name!r}", result.error_message)
        return {each.name: each.value or "" for each in result.configs if each.config_source == TOPIC_CONFIG}

    return client.until_settled(f"settings of {name}", attempt)


def delete_records(client: Client, partition: TopicPartition, before: Offset) -> Offset:
    """Cut off everything below `before`, -1 meaning all that is readable; where the log starts now."""
    asked = DeleteRecordsTopic(partition.topic, [DeleteRecordsPartition(partition.partition, before)])
    request = DeleteRecordsRequest([asked], _timeout_ms(client))

    def attempt() -> Offset:
        response = client.ask(lambda: client.leader(partition), request, DeleteRecordsResponse)
        (result,) = response.topics[0].partitions
        check(result.error_code, f"deleting records of {partition}")
        return result.low_watermark

    return client.until_settled(f"deleting records of {partition}", attempt)


def _timeout_ms(client: Client) -> int:
    return int(client.settings.timeout_s * 1000)
