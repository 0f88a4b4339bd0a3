"""ListOffsets: where a partition begins, ends, or stood at a time (F5)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from minikafka.client.client import Client, check
from minikafka.types import BrokerId, Offset, TopicPartition
from minikafka.wire.messages.list_offsets import (
    ListOffsetsPartition,
    ListOffsetsRequest,
    ListOffsetsResponse,
    ListOffsetsTopic,
)

LATEST: Final = -1
EARLIEST: Final = -2
CLIENT: Final = -1


def list_offsets(
    client: Client, partitions: Iterable[TopicPartition], timestamp: int, *, read_committed: bool = False
) -> Mapping[TopicPartition, Offset]:
    """The offset of each for `timestamp`: LATEST, EARLIEST, or ms of wall time, then -1 where nothing is that young.

    read_committed: the latest is the last stable offset. Raises RequestRefused, MinikafkaError.
    """
    wanted = list(partitions)
    found: dict[TopicPartition, Offset] = {}

    def attempt() -> None:
        by_leader: dict[BrokerId, list[TopicPartition]] = {}
        for partition in wanted:
            if partition not in found:
                by_leader.setdefault(client.leader_id(partition), []).append(partition)
        for leader, mine in by_leader.items():
            found.update(_of_leader(client, leader, mine, timestamp, int(read_committed)))

    client.until_settled("looking up offsets", attempt)
    return {partition: found[partition] for partition in wanted}


def _of_leader(
    client: Client, leader: BrokerId, mine: list[TopicPartition], timestamp: int, isolation_level: int
) -> dict[TopicPartition, Offset]:
    by_topic: dict[str, list[ListOffsetsPartition]] = {}
    for partition in mine:
        by_topic.setdefault(partition.topic, []).append(
            ListOffsetsPartition(partition.partition, timestamp=timestamp)
        )
    request = ListOffsetsRequest(
        CLIENT, isolation_level, [ListOffsetsTopic(topic, asked) for topic, asked in by_topic.items()]
    )
    response = client.ask(lambda: client.broker(leader), request, ListOffsetsResponse, highest=6)
    answers = {}
    for topic in response.topics:
        for answer in topic.partitions:
            partition = TopicPartition(topic.name, answer.partition_index)
            check(answer.error_code, f"offsets of {partition}")
            answers[partition] = answer.offset
    return answers
