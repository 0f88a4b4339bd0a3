"""A transactional producer in the simulated world (TV2): one record to each of some partitions, then commit or abort.

It retries what may be retried, aborts what may not, and now and then forgets where it was, as a restarted application
does: its next InitProducerId then fences the transaction it left behind (T3).
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import TYPE_CHECKING, Final

from minikafka.checker.operation import Op, Operation, Type
from minikafka.errors import ErrorCode
from minikafka.log.batch import build_batch
from minikafka.sim.checker.read_committed import Attempt
from minikafka.sim.client import Producer
from minikafka.sim.connection import BACKOFF_US
from minikafka.types import BrokerId, ProducerEpoch, TopicPartition
from minikafka.wire.messages import end_txn, find_coordinator, init_producer_id, metadata, produce

if TYPE_CHECKING:
    from minikafka.sim.world import World

PRODUCE_TV2: Final = 12
END_TV2: Final = 5
TRANSACTION_KEY: Final = 1
TRANSACTION_TIMEOUT_MS: Final = 20_000
PACE_US: Final = 3 * BACKOFF_US
TRIES: Final = 60
FORGETS: Final = 0.08
COMMITS: Final = 0.6
RETRIED: Final = frozenset(
    {
        ErrorCode.COORDINATOR_LOAD_IN_PROGRESS,
        ErrorCode.COORDINATOR_NOT_AVAILABLE,
        ErrorCode.NOT_COORDINATOR,
        ErrorCode.CONCURRENT_TRANSACTIONS,
        ErrorCode.NOT_ENOUGH_REPLICAS,
        ErrorCode.NOT_ENOUGH_REPLICAS_AFTER_APPEND,
        ErrorCode.REQUEST_TIMED_OUT,
        ErrorCode.NOT_LEADER_OR_FOLLOWER,
        ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
        ErrorCode.NETWORK_EXCEPTION,
    }
)


def record_id(value: bytes, name: TopicPartition) -> str:
    """A transaction writes one value to several partitions."""
    return f"{value.decode()}@{name.partition}"


class TransactionalProducer(Producer):
    """Runs `count` transactions over `partitions`, one after another. attempts: how each ended."""

    def __init__(
        self,
        world: World,
        transactional_id: str,
        partitions: list[TopicPartition],
        count: int,
        random: Random,
    ) -> None:
        super().__init__(world, transactional_id, partitions[0], [], random)
        self._partitions = partitions
        self._count = count
        self._epoch: ProducerEpoch = -1
        self._sequences: dict[TopicPartition, int] = {}
        self._leaders: dict[TopicPartition, BrokerId] = {}
        self._coordinator: BrokerId = -1
        self._chosen: list[TopicPartition] = []
        self._left: list[TopicPartition] = []
        self._commits = False
        self._tries = 0
        self.attempts: list[Attempt] = []

    @property
    def is_done(self) -> bool:
        return len(self.attempts) >= self._count

    def history(self) -> list[Operation]:
        """One transaction after another. A record's id is its value and its partition. How far an attempt that was not
        committed came is not remembered."""
        found = []
        for attempt in self.attempts:
            found.append(Operation(Type.OK, Op.BEGIN, self._name))
            told = Type.INFO if attempt.committed is False else Type.OK
            for name in sorted(attempt.partitions):
                place = (record_id(attempt.value, name), name.topic, name.partition)
                found.append(Operation(Type.INVOKE, Op.SEND, self._name, *place))
                found.append(Operation(told, Op.SEND, self._name, *place))
            end = Op.ABORT if attempt.committed is False else Op.COMMIT
            found.append(Operation(Type.INVOKE, end, self._name))
            found.append(Operation(Type.INFO if attempt.committed is None else Type.OK, end, self._name))
        return found

    def run(self) -> None:
        self._find_coordinator(self._init)

    def _find_coordinator(self, then: Callable[[], None]) -> None:
        def again() -> None:
            self._find_coordinator(then)

        def answered(response: find_coordinator.FindCoordinatorResponse) -> None:
            found = response.coordinators[0]
            if found.error_code != ErrorCode.NONE:
                self._later(again)
                return
            self._coordinator = found.node_id
            then()

        request = find_coordinator.FindCoordinatorRequest(
            key_type=TRANSACTION_KEY, coordinator_keys=[self._name]
        )
        self._ask(self._anyone(), request, 4, answered, again)

    def _init(self) -> None:
        def again() -> None:
            self._find_coordinator(self._init)

        def answered(response: init_producer_id.InitProducerIdResponse) -> None:
            if response.error_code != ErrorCode.NONE:
                self._later(again)
            else:
                self._go_on_as(response.producer_id, response.producer_epoch)

        request = init_producer_id.InitProducerIdRequest(
            transactional_id=self._name, transaction_timeout_ms=TRANSACTION_TIMEOUT_MS
        )
        self._ask(self._coordinator, request, 4, answered, again)

    def _go_on_as(self, producer_id: int, epoch: ProducerEpoch) -> None:
        self._producer_id, self._epoch = producer_id, epoch
        self._sequences = dict.fromkeys(self._partitions, 0)
        if self.is_done:
            return
        self._chosen = self._random.sample(self._partitions, self._random.randint(1, len(self._partitions)))
        self._left = list(self._chosen)
        self._commits = self._random.random() < COMMITS
        self._tries = 0
        self._find_leaders()

    def _find_leaders(self) -> None:
        def answered(response: metadata.MetadataResponse) -> None:
            for topic in response.topics:
                for found in topic.partitions:
                    name = TopicPartition(self._partition.topic, found.partition_index)
                    self._leaders[name] = found.leader_id
            if all(self._leaders.get(name, -1) >= 0 for name in self._left):
                self._write()
            else:
                self._later(self._find_leaders)

        topics = [metadata.MetadataRequestTopic(name=self._partition.topic)]
        request = metadata.MetadataRequest(topics=topics, allow_auto_topic_creation=False)
        self._ask(self._anyone(), request, 12, answered, self._find_leaders)

    @property
    def _value(self) -> bytes:
        return f"{self._name}/{len(self.attempts)}".encode()

    def _write(self) -> None:
        if not self._left:
            self._end()
            return
        name = self._left[0]
        batch = build_batch(
            [(self._world.clock.now().wall_ms, None, self._value, ())],
            producer_id=self._producer_id,
            producer_epoch=self._epoch,
            base_sequence=self._sequences[name],
            transactional=True,
        )
        data = produce.PartitionProduceData(index=name.partition, records=batch)
        topic = produce.TopicProduceData(name=name.topic, partition_data=[data])
        request = produce.ProduceRequest(
            transactional_id=self._name, acks=-1, timeout_ms=1_500, topic_data=[topic]
        )

        def answered(response: produce.ProduceResponse) -> None:
            code = ErrorCode(response.responses[0].partition_responses[0].error_code)
            if code is not ErrorCode.NONE:
                self._refused(code)
                return
            self._sequences[name] += 1
            self._left.pop(0)
            self._world.clock.after(self._random.randint(0, PACE_US), self._write)

        lost = ErrorCode.NETWORK_EXCEPTION
        self._ask(self._leaders[name], request, PRODUCE_TV2, answered, lambda: self._refused(lost))

    def _refused(self, code: ErrorCode) -> None:
        self._tries += 1
        if code in RETRIED and self._tries < TRIES:
            self._later(self._find_leaders)
        else:
            self._commits = False
            self._end()

    def _end(self) -> None:
        if self._random.random() < FORGETS:
            self._ended(False)
            self._find_coordinator(self._init)
        else:
            self._ask_to_end()

    def _ended(self, committed: bool | None) -> None:
        self.attempts.append(Attempt(self._value, frozenset(self._chosen), committed))

    def _ask_to_end(self) -> None:
        def again() -> None:
            self._find_coordinator(self._ask_to_end)

        def answered(response: end_txn.EndTxnResponse) -> None:
            code = ErrorCode(response.error_code)
            if code is ErrorCode.NONE:
                self._ended(self._commits)
                self._go_on_as(response.producer_id, response.producer_epoch)
            elif code in RETRIED:
                self._later(again)
            else:
                self._ended(None if self._commits else False)
                self._find_coordinator(self._init)

        request = end_txn.EndTxnRequest(
            transactional_id=self._name,
            producer_id=self._producer_id,
            producer_epoch=self._epoch,
            committed=self._commits,
        )
        self._ask(self._coordinator, request, END_TV2, answered, again)
