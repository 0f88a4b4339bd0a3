"""What an admin client does for the lab: topics on replicas of one's choice, metadata."""

from __future__ import annotations

import time
from typing import Final

from confluent_kafka import IsolationLevel, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._listoffsets import OffsetSpec
from confluent_kafka.admin._metadata import PartitionMetadata
from confluent_kafka.cimpl import NewTopic

from minikafka.lab.errors import Inconclusive
from minikafka.lab.scenario import Settings
from minikafka.types import BrokerId

TIMEOUT_S: Final = 30.0
POLL_S: Final = 0.05
ANSWER_S: Final = 15


def admin(servers: str) -> AdminClient:
    return AdminClient({"bootstrap.servers": servers, "log_level": 0})


def create_topic(
    servers: str, name: str, partitions: int, replicas: int | list[list[BrokerId]], config: Settings
) -> None:
    """Create it; return when every leader answers for its partition. Raises Inconclusive."""
    client = admin(servers)
    texts = {key: _text(value) for key, value in config.items()}
    if isinstance(replicas, int):
        new = NewTopic(name, partitions, replicas, config=texts)
    else:
        new = NewTopic(name, partitions, replica_assignment=replicas, config=texts)
    for created in client.create_topics([new], operation_timeout=TIMEOUT_S).values():
        try:
            created.result(TIMEOUT_S)
        except KafkaException as failure:
            raise Inconclusive(f"topic {name}: {failure.args[0].str()}") from failure
    deadline = time.monotonic() + TIMEOUT_S
    while not _is_served(client, name, partitions):
        if time.monotonic() > deadline:
            raise Inconclusive(f"the leaders of {name} do not answer")
        time.sleep(POLL_S)


def brokers_of(servers: str) -> list[BrokerId]:
    """Those alive, by metadata; sorted. Raises KafkaException when none answers."""
    return sorted(admin(servers).list_topics(timeout=ANSWER_S).brokers)


def partition_of(servers: str, topic: str, partition: int) -> PartitionMetadata:
    """As any broker that answers has it. Raises KafkaException when none does."""
    return admin(servers).list_topics(topic, timeout=ANSWER_S).topics[topic].partitions[partition]


def offsets_of(servers: str, topic: str, partition: int) -> tuple[int, int]:
    """High watermark and last stable offset. Raises KafkaException when the leader does not answer."""
    place, latest = TopicPartition(topic, partition), OffsetSpec.latest()  # type: ignore[no-untyped-call]
    client = admin(servers)
    high_watermark, last_stable = (
        client.list_offsets({place: latest}, isolation_level=level, request_timeout=ANSWER_S)[place].result(
            TIMEOUT_S
        )
        for level in (IsolationLevel.READ_UNCOMMITTED, IsolationLevel.READ_COMMITTED)
    )
    return high_watermark.offset, last_stable.offset


def delete_topics(servers: str, names: list[str]) -> None:
    """Raises KafkaException when the cluster refuses."""
    if names:
        for deleted in admin(servers).delete_topics(names, operation_timeout=TIMEOUT_S).values():
            deleted.result(TIMEOUT_S)


def _is_served(client: AdminClient, name: str, partitions: int) -> bool:
    """A leader may be in metadata before it knows of its office, so its own answer counts; and every replica is in."""
    latest = OffsetSpec.latest()  # type: ignore[no-untyped-call]
    asked = {TopicPartition(name, number): latest for number in range(partitions)}
    try:
        for answer in client.list_offsets(asked, request_timeout=ANSWER_S).values():
            answer.result(TIMEOUT_S)
        known = client.list_topics(name, timeout=ANSWER_S).topics[name].partitions
    except KafkaException:
        return False
    return len(known) == partitions and all(len(one.isrs) == len(one.replicas) for one in known.values())


def _text(value: str | int | bool) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
