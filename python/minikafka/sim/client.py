"""A producer in the simulated world: it speaks the protocol as real clients do, with idempotence and retries.

One record at a time, in order. A record's outcome is *acknowledged* once an answer said so; until then it is
*indeterminate*, and the producer retries it under the same sequence, at whoever leads by then. So every record that it
goes on from was acknowledged, and each acknowledgement is the promise that the checkers hold the cluster to.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import TYPE_CHECKING, Final, NamedTuple, TypeVar

from minikafka.errors import ErrorCode
from minikafka.log.batch import build_batch, sequence_after
from minikafka.sim.network import CLIENT, Wire
from minikafka.types import BrokerId, Buffer, Offset, TopicPartition
from minikafka.wire import codec
from minikafka.wire.messages.init_producer_id import InitProducerIdRequest, InitProducerIdResponse
from minikafka.wire.messages.metadata import MetadataRequest, MetadataRequestTopic, MetadataResponse
from minikafka.wire.messages.produce import (
    PartitionProduceData,
    ProduceRequest,
    ProduceResponse,
    TopicProduceData,
)

if TYPE_CHECKING:
    from minikafka.sim.world import World

LENGTH_BYTES: Final = 4
METADATA_VERSION: Final = 12
INIT_VERSION: Final = 4
PRODUCE_VERSION: Final = 11
TIMEOUT_MS: Final = 1_500
REQUEST_TIMEOUT_MS: Final = 2_000
BACKOFF_US: Final = 20_000
PACE_US: Final = 150_000
"""Longest pause between two records: a run's records must meet a run's troubles."""
FATAL: Final = frozenset(
    {ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER, ErrorCode.INVALID_PRODUCER_EPOCH, ErrorCode.INVALID_RECORD}
)

R = TypeVar("R")


class Acknowledged(NamedTuple):
    """The broker said that this value is at this offset."""

    partition: TopicPartition
    offset: Offset
    value: bytes


class Connection:
    """One client connection: a request at a time, an answer, a timeout or a break."""

    def __init__(self, world: World, broker: BrokerId) -> None:
        self._world = world
        self._on_frame: Callable[[Buffer | None], None] | None = None
        self._asked = 0
        self.wire: Wire | None = world.hosts[broker].accept(CLIENT, self._received, self._broken)

    def ask(self, frame: bytes, answer: Callable[[Buffer | None], None]) -> None:
        """`answer(frame)` runs once; with None when no answer came."""
        self._asked += 1
        asked = self._asked
        self._on_frame = answer
        if self.wire is None or not self.wire.open:
            self._world.clock.after(BACKOFF_US, self._broken)
            return
        self.wire.send(frame[LENGTH_BYTES:], to_b=True)

        def time_out() -> None:
            if self._asked == asked and self._on_frame is not None:
                self.close()
                self._broken()

        self._world.clock.after(REQUEST_TIMEOUT_MS * 1000, time_out)

    def close(self) -> None:
        if self.wire is not None:
            self.wire.break_()

    def _received(self, frame: Buffer) -> None:
        answer, self._on_frame = self._on_frame, None
        if answer is not None:
            answer(frame)

    def _broken(self) -> None:
        answer, self._on_frame = self._on_frame, None
        if answer is not None:
            answer(None)


class Producer:
    """Sends `values`, one by one, to one partition with acks=all; retries for ever."""

    def __init__(
        self,
        world: World,
        name: str,
        partition: TopicPartition,
        values: list[bytes],
        random: Random,
        key_of: Callable[[bytes], bytes | None] = lambda value: None,
    ) -> None:
        """`key_of`: the key that goes with a value."""
        self._world = world
        self._name = name
        self._partition = partition
        self._values = values
        self._random = random
        self._key_of = key_of
        self._next = 0
        self._correlation = 0
        self._producer_id = -1
        self._leader: BrokerId | None = None
        self._connection: Connection | None = None
        self.acknowledged: list[Acknowledged] = []
        self.failed: str | None = None
        """Set when an answer can never come true by retrying: itself a finding, with an idempotent producer."""

    @property
    def is_done(self) -> bool:
        return self.failed is not None or self._next >= len(self._values)

    def run(self) -> None:
        """Begin; goes on by itself."""
        self._initialise()

    def _initialise(self) -> None:
        request = InitProducerIdRequest(transactional_id=None, transaction_timeout_ms=60_000)

        def answered(response: InitProducerIdResponse) -> None:
            if response.error_code != ErrorCode.NONE:
                self._later(self._initialise)
                return
            self._producer_id = response.producer_id
            self._find_leader()

        self._ask(self._anyone(), request, INIT_VERSION, answered, self._initialise)

    def _find_leader(self) -> None:
        request = MetadataRequest(
            topics=[MetadataRequestTopic(name=self._partition.topic)], allow_auto_topic_creation=False
        )

        def answered(response: MetadataResponse) -> None:
            leaders = [
                partition.leader_id
                for topic in response.topics
                for partition in topic.partitions
                if partition.partition_index == self._partition.partition and partition.leader_id >= 0
            ]
            if not leaders:
                self._later(self._find_leader)
                return
            self._leader = leaders[0]
            self._send()

        self._ask(self._anyone(), request, METADATA_VERSION, answered, self._find_leader)

    def _send(self) -> None:
        if self.is_done or self._leader is None:
            return
        value = self._values[self._next]
        batch = build_batch(
            [(self._world.clock.now().wall_ms, self._key_of(value), value, ())],
            producer_id=self._producer_id,
            producer_epoch=0,
            base_sequence=sequence_after(0, self._next),
        )
        request = ProduceRequest(
            acks=-1,
            timeout_ms=TIMEOUT_MS,
            topic_data=[
                TopicProduceData(
                    name=self._partition.topic,
                    partition_data=[PartitionProduceData(index=self._partition.partition, records=batch)],
                )
            ],
        )

        def answered(response: ProduceResponse) -> None:
            answer = response.responses[0].partition_responses[0]
            code = ErrorCode(answer.error_code)
            if code is ErrorCode.NONE:
                self.acknowledged.append(Acknowledged(self._partition, answer.base_offset, value))
                self._next += 1
                self._world.clock.after(self._random.randint(0, PACE_US), self._send)
            elif code in FATAL:
                self.failed = f"{self._name}: {code.name} for {value!r}: {answer.error_message}"
            else:
                self._later(self._find_leader)

        self._ask(self._leader, request, PRODUCE_VERSION, answered, self._find_leader)

    def _ask(
        self, broker: BrokerId, request: object, version: int, answered: Callable[[R], None], lost: Callable[[], None]
    ) -> None:
        key: int = request.API_KEY  # type: ignore[attr-defined]
        if self._connection is not None:
            self._connection.close()
        self._connection = Connection(self._world, broker)
        self._correlation += 1
        frame = codec.encode_request(key, version, self._correlation, self._name, request)

        def received(answer: Buffer | None) -> None:
            if answer is None:
                self._later(lost)
                return
            _, body = codec.decode_response(key, version, answer)
            answered(body)  # type: ignore[arg-type]

        self._connection.ask(frame, received)

    def _later(self, run: Callable[[], None]) -> None:
        self._world.clock.after(BACKOFF_US + self._random.randint(0, BACKOFF_US), run)

    def _anyone(self) -> BrokerId:
        return self._random.choice(self._world.brokers)
