"""Reading assigned partitions: one fetch under way with each leader, whoever answers first is heard first."""

from __future__ import annotations

import select
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Final, NamedTuple

from minikafka.client.client import TRANSIENT, Client, check
from minikafka.client.connection import Connection
from minikafka.client.fetched import Aborted, batches_from
from minikafka.client.offsets import EARLIEST, LATEST, list_offsets
from minikafka.errors import ErrorCode, MinikafkaError, RequestRefused, Unreachable
from minikafka.log.batch import BatchError
from minikafka.types import BrokerId, Offset, TopicPartition
from minikafka.wire.messages.fetch import (
    FetchPartition,
    FetchRequest,
    FetchResponse,
    FetchTopic,
    PartitionData,
)

HIGHEST: Final = 11
"""Version 12 and later want to hear what epoch we read last, or topic ids."""
MAX_WAIT_MS: Final = 500
MAX_BYTES: Final = 8 * 1024 * 1024
PARTITION_BYTES: Final = 1024 * 1024


class ReceivedRecord(NamedTuple):
    """timestamp_ms: wall time, set by the producer, or with `is_append_time` by the broker."""

    partition: TopicPartition
    offset: Offset
    timestamp_ms: int
    is_append_time: bool
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...]
    broker: BrokerId


class Reader:
    """positions: where to go on, by partition. Offsets that are gone are left for the log's start when `reset`."""

    def __init__(
        self,
        client: Client,
        positions: Mapping[TopicPartition, Offset],
        *,
        read_committed: bool = False,
        reset: bool = False,
    ) -> None:
        self.positions = dict(positions)
        self.ends: dict[TopicPartition, Offset] = {}
        self._client = client
        self._read_committed = read_committed
        self._reset = reset

    @property
    def is_at_end(self) -> bool:
        """Whether everything was read up to where each partition's readable part ended when last seen."""
        return all(
            self.ends.get(partition, -1) >= 0 and position >= self.ends[partition]
            for partition, position in self.positions.items()
        )

    def records(self, between: Callable[[], bool]) -> Iterator[ReceivedRecord]:
        """Records as they come, without end; `positions` are past what was handed out.

        between: called between rounds of fetches, half a second apart at most; False ends it. Raises RequestRefused,
        Unreachable once the cluster did not answer for as long as the settings allow.
        """
        while between():
            if not self.positions:
                time.sleep(MAX_WAIT_MS / 1000)
                continue
            answers = self._client.until_settled("fetching", self._round)
            for broker, partition, data in answers:
                yield from self._taken(broker, partition, data)

    def _round(self) -> list[tuple[BrokerId, TopicPartition, PartitionData]]:
        asked: dict[Connection, BrokerId] = {}
        try:
            for leader, mine in self._by_leader().items():
                connection = self._client.broker(leader)
                connection.send(self._request(mine), highest=HIGHEST)
                asked[connection] = leader
            return self._collected(asked)
        except BaseException:
            # An answer that nobody reads would be taken for the next request's.
            for connection in asked:
                self._client.drop(connection)
            raise

    def _collected(
        self, asked: dict[Connection, BrokerId]
    ) -> list[tuple[BrokerId, TopicPartition, PartitionData]]:
        answers = []
        while asked:
            ready, _, _ = select.select(list(asked), [], [], self._client.settings.timeout_s)
            if not ready:
                raise Unreachable("no leader answered a fetch in time")
            for connection in ready:
                response = connection.receive(FetchResponse)
                leader = asked.pop(connection)
                check(response.error_code, "fetching")
                answers += [
                    (leader, TopicPartition(topic.topic, data.partition_index), data)
                    for topic in response.responses
                    for data in topic.partitions
                ]
        return answers

    def _by_leader(self) -> dict[BrokerId, list[TopicPartition]]:
        grouped: dict[BrokerId, list[TopicPartition]] = {}
        for partition in self.positions:
            grouped.setdefault(self._client.leader_id(partition), []).append(partition)
        return grouped

    def _request(self, mine: list[TopicPartition]) -> FetchRequest:
        by_topic: dict[str, list[FetchPartition]] = {}
        for partition in mine:
            by_topic.setdefault(partition.topic, []).append(
                FetchPartition(
                    partition.partition,
                    fetch_offset=self.positions[partition],
                    partition_max_bytes=PARTITION_BYTES,
                )
            )
        return FetchRequest(
            replica_id=-1,
            # With nothing to come there is nothing to wait for: the end is asked about, once.
            max_wait_ms=MAX_WAIT_MS if len(self.ends) == len(self.positions) else 0,
            min_bytes=1,
            max_bytes=MAX_BYTES,
            isolation_level=int(self._read_committed),
            session_epoch=-1,
            topics=[FetchTopic(topic, partitions=asked) for topic, asked in by_topic.items()],
        )

    def _taken(
        self, broker: BrokerId, partition: TopicPartition, data: PartitionData
    ) -> Iterator[ReceivedRecord]:
        if data.error_code == ErrorCode.OFFSET_OUT_OF_RANGE:
            self._out_of_range(partition)
            return
        if data.error_code in TRANSIENT or data.error_code == ErrorCode.UNKNOWN_TOPIC_OR_PARTITION:
            self._client.forget_leader(partition)
            return
        check(data.error_code, f"fetching {partition}")
        aborted = [Aborted(each.first_offset, each.producer_id) for each in data.aborted_transactions or ()]
        try:
            batches = list(batches_from(data.records or b"", self.positions[partition], aborted))
        except BatchError as error:
            raise MinikafkaError(f"{partition} after offset {self.positions[partition]}: {error}") from error
        for header, records in batches:
            for record in records:
                self.positions[partition] = record.offset + 1
                yield ReceivedRecord(
                    partition,
                    record.offset,
                    record.timestamp,
                    header.is_log_append_time,
                    record.key,
                    record.value,
                    record.headers,
                    broker,
                )
            self.positions[partition] = max(self.positions[partition], header.last_offset + 1)
        self.ends[partition] = data.last_stable_offset if self._read_committed else data.high_watermark

    def _out_of_range(self, partition: TopicPartition) -> None:
        start = list_offsets(self._client, [partition], EARLIEST)[partition]
        if self._reset:
            self.positions[partition] = start
            return
        end = list_offsets(self._client, [partition], LATEST)[partition]
        raise RequestRefused(
            ErrorCode.OFFSET_OUT_OF_RANGE,
            f"{partition} has no offset {self.positions[partition]}: it begins at {start} and ends at {end}",
        )
