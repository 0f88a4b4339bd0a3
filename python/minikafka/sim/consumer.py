"""A consumer in the simulated world: reads partitions from their leaders, and keeps all that it saw.

It does what real ones do with a read_committed answer (T11): records of a producer in the list of aborted transactions
are skipped from that transaction's first offset on until its abort marker. An answer that goes back behind the offset
asked for is a finding at once; the rest is judged when the log is known.
"""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, Final

from minikafka.checker.operation import READ_COMMITTED, READ_UNCOMMITTED, Op, Operation, Type
from minikafka.errors import ErrorCode
from minikafka.log.batch import read_records, split
from minikafka.sim.checker.consumer_view import SeenRecord
from minikafka.sim.checker.last_stable import Told
from minikafka.sim.client import METADATA_VERSION, leaders_of
from minikafka.sim.connection import Client
from minikafka.sim.transactional import record_id
from minikafka.types import BrokerId, Offset, ProducerId, TopicPartition
from minikafka.wire.messages import fetch, metadata

if TYPE_CHECKING:
    from minikafka.sim.world import World

FETCH_VERSION: Final = 11
MAX_WAIT_MS: Final = 500
MAX_BYTES: Final = 1 << 20
PAUSE_US: Final = 40_000


def id_of(value: bytes, name: TopicPartition) -> str:
    """As its producer names it: a transaction's value (`t0/1`) is written to several partitions."""
    return record_id(value, name) if b"/" in value else value.decode()


class Consumer(Client):
    """Follows one partition from its start, for ever. seen: every record shown to the application."""

    def __init__(
        self, world: World, name: str, partition: TopicPartition, random: Random, *, read_committed: bool
    ) -> None:
        super().__init__(world, name, random)
        self._partition = partition
        self._read_committed = read_committed
        self._leader: BrokerId = -1
        self._skipping: set[ProducerId] = set()
        self.position: Offset = 0
        self.seen: list[SeenRecord] = []
        self.told: list[Told] = []
        self.violations: list[str] = []

    @property
    def name(self) -> str:
        return self._name

    def history(self) -> list[Operation]:
        """Everything it was shown; the values of transactions are told apart by their partition."""
        isolation = READ_COMMITTED if self._read_committed else READ_UNCOMMITTED
        return [
            Operation(
                Type.OK,
                Op.POLL,
                self._name,
                id_of(record.value, record.partition),
                record.partition.topic,
                record.partition.partition,
                record.offset,
                isolation=isolation,
            )
            for record in self.seen
        ]

    def run(self) -> None:
        """Begin; goes on by itself."""
        self._find_leader()

    def _find_leader(self) -> None:
        topics = [metadata.MetadataRequestTopic(name=self._partition.topic)]
        request = metadata.MetadataRequest(topics=topics, allow_auto_topic_creation=False)

        def answered(response: metadata.MetadataResponse) -> None:
            self._leader = leaders_of(response, self._partition.topic).get(self._partition, -1)
            if self._leader < 0:
                self._later(self._find_leader)
            else:
                self._fetch()

        self._ask(self._anyone(), request, METADATA_VERSION, answered, self._find_leader)

    def _fetch(self) -> None:
        asked = fetch.FetchPartition(
            partition=self._partition.partition, fetch_offset=self.position, partition_max_bytes=MAX_BYTES
        )
        request = fetch.FetchRequest(
            replica_id=-1,
            max_wait_ms=MAX_WAIT_MS,
            min_bytes=1,
            max_bytes=MAX_BYTES,
            isolation_level=int(self._read_committed),
            topics=[fetch.FetchTopic(topic=self._partition.topic, partitions=[asked])],
        )
        self._ask(self._leader, request, FETCH_VERSION, self._fetched, self._find_leader)

    def _fetched(self, response: fetch.FetchResponse) -> None:
        answer = response.responses[0].partitions[0]
        code = ErrorCode(answer.error_code)
        if code is ErrorCode.OFFSET_OUT_OF_RANGE and self.position < answer.log_start_offset:
            self.position = answer.log_start_offset
        elif code is not ErrorCode.NONE:
            self._later(self._find_leader)
            return
        else:
            self._take(answer)
        self._world.clock.after(self._random.randint(0, PAUSE_US), self._fetch)

    def _take(self, answer: fetch.PartitionData) -> None:
        aborted = sorted((each.first_offset, each.producer_id) for each in answer.aborted_transactions or ())
        for header, data in split(answer.records or b""):
            if header.last_offset < self.position:
                self.violations.append(
                    f"{self._name} asked for {self.position}, and got a batch up to {header.last_offset}"
                )
                continue
            while aborted and aborted[0][0] <= header.last_offset:
                self._skipping.add(aborted.pop(0)[1])
            if header.is_control:
                self._skipping.discard(header.producer_id)
            elif not (
                self._read_committed and header.is_transactional and header.producer_id in self._skipping
            ):
                self.seen += [
                    SeenRecord(self._partition, record.offset, record.value)
                    for record in read_records(data)
                    if record.value is not None and record.offset >= self.position
                ]
            self.position = header.last_offset + 1
        if self._read_committed:
            self.told.append(Told(self._partition, answer.last_stable_offset, answer.high_watermark))
