"""What the plugin asks of a Kafka by its own protocol, be it ours or anybody's: topics, and how far they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from minikafka.errors import ConfigError, ErrorCode, MinikafkaError
from minikafka.runtime import rpc
from minikafka.runtime.spec import TopicSpec
from minikafka.types import BrokerId, LeaderEpoch, Offset, TopicPartition
from minikafka.wire.messages import create_topics, list_offsets, metadata
from minikafka.wire.messages import delete_topics as deletion

Address = tuple[str, int]

CREATE_TOPICS_VERSION: Final = 5
DELETE_TOPICS_VERSION: Final = 5
METADATA_VERSION: Final = 9
LIST_OFFSETS_VERSION: Final = 6
"""Versions that Kafka 2.5 and everything newer serves."""

TIMEOUT_MS: Final = 30_000
LATEST: Final = -1
EARLIEST: Final = -2
READ_UNCOMMITTED: Final = 0
READ_COMMITTED: Final = 1
CONSUMER: Final = -1


class Led(NamedTuple):
    """One partition in the cluster's metadata. leader: -1 for none."""

    partition: int
    leader: BrokerId
    leader_epoch: LeaderEpoch
    replicas: list[BrokerId]
    isr: list[BrokerId]


class Described(NamedTuple):
    """brokers: addresses by id. topics: those asked for that exist and have no error."""

    brokers: Mapping[BrokerId, Address]
    topics: Mapping[str, list[Led]]


async def create_topic(at: Address, topic: TopicSpec, config: Mapping[str, str]) -> None:
    """Raises ConfigError when it may not be created."""
    wanted = create_topics.CreatableTopic(
        name=topic.name,
        num_partitions=topic.partitions,
        replication_factor=topic.replication_factor,
        configs=[create_topics.CreatableTopicConfig(name=key, value=value) for key, value in config.items()],
    )
    request = create_topics.CreateTopicsRequest(topics=[wanted], timeout_ms=TIMEOUT_MS)
    response = await rpc.call(*at, request, CREATE_TOPICS_VERSION)
    assert isinstance(response, create_topics.CreateTopicsResponse)
    (result,) = response.topics
    if result.error_code != ErrorCode.NONE:
        code = ErrorCode(result.error_code).name
        raise ConfigError(f"topic {topic.name!r} was not created: {code}: {result.error_message or ''}")


async def delete_topics(at: Address, names: Sequence[str]) -> None:
    """Those that exist."""
    if names:
        request = deletion.DeleteTopicsRequest(topic_names=list(names), timeout_ms=TIMEOUT_MS)
        await rpc.call(*at, request, DELETE_TOPICS_VERSION)


async def describe(at: Address, topics: Sequence[str] = ()) -> Described:
    request = metadata.MetadataRequest(
        topics=[metadata.MetadataRequestTopic(name=name) for name in topics],
        allow_auto_topic_creation=False,
    )
    response = await rpc.call(*at, request, METADATA_VERSION)
    assert isinstance(response, metadata.MetadataResponse)
    return Described(
        {broker.node_id: (broker.host, broker.port) for broker in response.brokers},
        {
            topic.name or "": sorted(
                Led(
                    one.partition_index,
                    one.leader_id,
                    one.leader_epoch,
                    one.replica_nodes,
                    sorted(one.isr_nodes),
                )
                for one in topic.partitions
            )
            for topic in response.topics
            if topic.error_code == ErrorCode.NONE
        },
    )


async def offset_at(at: Address, name: TopicPartition, timestamp: int, isolation: int) -> Offset:
    """`EARLIEST` or `LATEST` as a consumer of that isolation sees it. `at`: the leader. Raises MinikafkaError."""
    wanted = list_offsets.ListOffsetsPartition(partition_index=name.partition, timestamp=timestamp)
    request = list_offsets.ListOffsetsRequest(
        replica_id=CONSUMER,
        isolation_level=isolation,
        topics=[list_offsets.ListOffsetsTopic(name=name.topic, partitions=[wanted])],
    )
    response = await rpc.call(*at, request, LIST_OFFSETS_VERSION)
    assert isinstance(response, list_offsets.ListOffsetsResponse)
    ((found,),) = (topic.partitions for topic in response.topics)
    if found.error_code != ErrorCode.NONE:
        raise MinikafkaError(f"{name}: {ErrorCode(found.error_code).name}")
    return found.offset
