"""An administrator in the simulated world: asks any broker, and asks again until it hears something definite."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from minikafka.errors import ErrorCode
from minikafka.sim.connection import Client
from minikafka.types import BrokerId, TopicPartition
from minikafka.wire.messages import create_topics, delete_records, elect_leaders, incremental_alter_configs

TIMEOUT_MS: Final = 10_000
TOPIC_RESOURCE: Final = 2
SET: Final = 0
PREFERRED: Final = 0
TO_HIGH_WATERMARK: Final = -1
TRIES: Final = 5


class Admin(Client):
    """Everything is asked for without waiting; what the cluster made of it is seen by looking at it."""

    def create_topic(
        self,
        name: str,
        *,
        partitions: int,
        replication_factor: int,
        configs: Mapping[str, str],
        done: Callable[[], None] = lambda: None,
    ) -> None:
        """Until it exists."""
        topic = create_topics.CreatableTopic(
            name=name,
            num_partitions=partitions,
            replication_factor=replication_factor,
            configs=[
                create_topics.CreatableTopicConfig(name=each, value=configs[each]) for each in sorted(configs)
            ],
        )
        request = create_topics.CreateTopicsRequest(topics=[topic], timeout_ms=TIMEOUT_MS)

        def again() -> None:
            self._ask(self._anyone(), request, 7, answered, again)

        def answered(response: create_topics.CreateTopicsResponse) -> None:
            if response.topics[0].error_code in (ErrorCode.NONE, ErrorCode.TOPIC_ALREADY_EXISTS):
                done()
            else:
                self._later(again)

        again()

    def elect_preferred(self) -> None:
        """R16, for every partition."""
        request = elect_leaders.ElectLeadersRequest(
            election_type=PREFERRED, topic_partitions=None, timeout_ms=TIMEOUT_MS
        )
        self._try(request, 2, TRIES)

    def set_topic_config(self, topic: str, name: str, value: str) -> None:
        config = incremental_alter_configs.AlterableConfig(name=name, config_operation=SET, value=value)
        resource = incremental_alter_configs.AlterConfigsResource(
            resource_type=TOPIC_RESOURCE, resource_name=topic, configs=[config]
        )
        self._try(incremental_alter_configs.IncrementalAlterConfigsRequest(resources=[resource]), 1, TRIES)

    def delete_records(self, partition: TopicPartition, leader: BrokerId) -> None:
        """L12: everything below the high watermark."""
        asked = delete_records.DeleteRecordsPartition(
            partition_index=partition.partition, offset=TO_HIGH_WATERMARK
        )
        topic = delete_records.DeleteRecordsTopic(name=partition.topic, partitions=[asked])
        self._try(delete_records.DeleteRecordsRequest(topics=[topic], timeout_ms=1_000), 2, 1, leader)

    def _try(self, request: object, version: int, tries: int, broker: BrokerId | None = None) -> None:
        def lost() -> None:
            if tries > 1:
                self._try(request, version, tries - 1, broker)

        target = self._anyone() if broker is None else broker
        self._ask(target, request, version, lambda response: None, lost)
