"""A producer in the simulated world: it speaks the protocol as real clients do, with idempotence and retries.

Up to `in_flight` batches of one record are under way at a time, in order. A record's outcome is *acknowledged* once an
answer said so; until then it is *indeterminate*. When an answer is an error or does not come, the producer starts over
from the oldest record without an answer, under the same sequences, at whoever leads by then. So every record before
the oldest unanswered one was acknowledged, and each acknowledgement is the promise the checkers hold the cluster to.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from random import Random
from typing import TYPE_CHECKING, Final, NamedTuple

from minikafka.checker.operation import Op, Operation, Type
from minikafka.errors import ErrorCode
from minikafka.log.batch import build_batch, sequence_after
from minikafka.sim.connection import Client, Connection
from minikafka.types import BrokerId, Offset, TopicPartition
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

__all__ = ["Acknowledged", "Connection", "Producer", "leaders_of"]

METADATA_VERSION: Final = 12
INIT_VERSION: Final = 4
PRODUCE_VERSION: Final = 11
TIMEOUT_MS: Final = 1_500
PACE_US: Final = 150_000
"""Longest pause between two records: a run's records must meet a run's troubles."""
MAX_IN_FLIGHT: Final = 5
"""As many batches as a broker remembers (I3, I12)."""
FATAL: Final = frozenset(
    {ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER, ErrorCode.INVALID_PRODUCER_EPOCH, ErrorCode.INVALID_RECORD}
)


class Acknowledged(NamedTuple):
    """The broker said that this value is at this offset."""

    partition: TopicPartition
    offset: Offset
    value: bytes


def leaders_of(response: MetadataResponse, topic: str) -> dict[TopicPartition, BrokerId]:
    """Who leads what, as this broker has heard; partitions without a leader are left out."""
    return {
        TopicPartition(topic, partition.partition_index): partition.leader_id
        for found in response.topics
        for partition in found.partitions
        if partition.leader_id >= 0
    }


class Producer(Client):
    """Sends `values` to one partition; retries for ever."""

    def __init__(
        self,
        world: World,
        name: str,
        partition: TopicPartition,
        values: list[bytes],
        random: Random,
        key_of: Callable[[bytes], bytes | None] = lambda value: None,
        *,
        acks: int = -1,
        in_flight: int = 1,
    ) -> None:
        """`key_of`: the key that goes with a value."""
        super().__init__(world, name, random)
        self._key_of = key_of
        self._partition = partition
        self._values = values
        self._acks = acks
        self._in_flight = in_flight
        self._next = 0
        self._sent = 0
        self._attempt = 0
        self._is_pacing = False
        self._producer_id = -1
        self._leader: BrokerId | None = None
        self.acknowledged: list[Acknowledged] = []
        self.failed: str | None = None
        """Set when an answer can never come true by retrying: itself a finding, with an idempotent producer."""

    @property
    def is_done(self) -> bool:
        return self.failed is not None or self._next >= len(self._values)

    def run(self) -> None:
        """Begin; goes on by itself."""
        self._initialise()

    def history(self) -> list[Operation]:
        """What became of each value: its own name is its id. Those without an answer may never have been sent."""
        acknowledged = {one.value: one for one in self.acknowledged}
        found = []
        for value in self._values:
            sent = Operation(
                Type.INVOKE,
                Op.SEND,
                self._name,
                value.decode(),
                self._partition.topic,
                self._partition.partition,
                key=(self._key_of(value) or b"").decode(),
            )
            found.append(sent)
            if value in acknowledged:
                found.append(replace(sent, type=Type.OK, offset=acknowledged[value].offset))
        return found

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
        topics = [MetadataRequestTopic(name=self._partition.topic)]
        request = MetadataRequest(topics=topics, allow_auto_topic_creation=False)

        def answered(response: MetadataResponse) -> None:
            self._leader = leaders_of(response, self._partition.topic).get(self._partition)
            if self._leader is None:
                self._later(self._find_leader)
                return
            self._sent = self._next
            self._send()

        self._ask(self._anyone(), request, METADATA_VERSION, answered, self._find_leader)

    def _start_over(self) -> None:
        """Nothing that is under way is waited for any more: the oldest without an answer goes first again."""
        self._attempt += 1
        self._is_pacing = False
        self._hang_up()
        self._later(self._find_leader)

    def _send(self) -> None:
        """A few at once, then a pause."""
        if self._is_pacing or self.is_done:
            return
        free = min(self._in_flight - (self._sent - self._next), len(self._values) - self._sent)
        burst = self._random.randint(1, free) if free > 1 else free
        for _ in range(burst):
            self._send_one(self._sent, self._attempt)
            self._sent += 1
        self._is_pacing = True
        pause = max(burst, 1) * self._random.randint(0, PACE_US)
        attempt = self._attempt

        def go_on() -> None:
            if attempt == self._attempt:
                self._is_pacing = False
                if self._sent < len(self._values):
                    self._send()

        self._world.clock.after(pause, go_on)

    def _send_one(self, index: int, attempt: int) -> None:
        value = self._values[index]
        batch = build_batch(
            [(self._world.clock.now().wall_ms, self._key_of(value), value, ())],
            producer_id=self._producer_id,
            producer_epoch=0,
            base_sequence=sequence_after(0, index),
        )
        data = PartitionProduceData(index=self._partition.partition, records=batch)
        topic = TopicProduceData(name=self._partition.topic, partition_data=[data])
        request = ProduceRequest(acks=self._acks, timeout_ms=TIMEOUT_MS, topic_data=[topic])

        def answered(response: ProduceResponse) -> None:
            if attempt != self._attempt:
                return
            answer = response.responses[0].partition_responses[0]
            code = ErrorCode(answer.error_code)
            if index != self._next:
                # The answer to the one before was lost with an earlier connection.
                self._start_over()
            elif code is ErrorCode.NONE:
                self.acknowledged.append(Acknowledged(self._partition, answer.base_offset, value))
                self._next += 1
            elif code in FATAL:
                self.failed = f"{self._name}: {code.name} for {value!r}: {answer.error_message}"
            else:
                self._start_over()

        def lost() -> None:
            if attempt == self._attempt:
                self._start_over()

        assert self._leader is not None
        self._ask(self._leader, request, PRODUCE_VERSION, answered, lost)
