"""A transactional producer in the simulated world: one record to each of some partitions, then commit or abort.

It retries what may be retried, aborts what may not, and now and then forgets where it was, as a restarted application
does: its next InitProducerId then fences the transaction it left behind (T3).

It speaks as clients do under transaction.version 1 (AddPartitionsToTxn first, T4; the same epoch after every end) or 2
(KIP-890). Requests of it may be late, the same ones under either version:

    EndTxn     the client gave up waiting and asked once more; the first copy arrives when the next transaction is open
    Produce    the client gave up, and aborts; the batch arrives when the next transaction is open
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
from minikafka.sim.connection import BACKOFF_US, Connection
from minikafka.types import BrokerId, ProducerEpoch, TopicPartition
from minikafka.wire import codec
from minikafka.wire.messages import (
    add_partitions_to_txn,
    end_txn,
    find_coordinator,
    init_producer_id,
    metadata,
    produce,
)

if TYPE_CHECKING:
    from minikafka.sim.world import World

PRODUCE_VERSIONS: Final = {1: 11, 2: 12}
END_VERSIONS: Final = {1: 4, 2: 5}
"""By transaction.version: from these on a batch adds its partition (T6), and an end raises the epoch (T7)."""
ADD_VERSION: Final = 3
LATE_MS: Final = (20, 400)
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
        *,
        version: int = 2,
        late_ends: int = 0,
        late_batches: int = 0,
    ) -> None:
        """version: transaction.version of the cluster. late_ends, late_batches: how many are, in percent."""
        super().__init__(world, transactional_id, partitions[0], [], random)
        self._partitions = partitions
        self._count = count
        self._version = version
        self._late_ends = late_ends
        self._late_batches = late_batches
        self._has_added = False
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
        return found + self._under_way()

    def _under_way(self) -> list[Operation]:
        """What it is at when the world ends."""
        if self.is_done or not self._chosen:
            return []
        found = [Operation(Type.OK, Op.BEGIN, self._name)]
        for name in sorted(self._chosen):
            place = (record_id(self._value, name), name.topic, name.partition)
            found.append(Operation(Type.INVOKE, Op.SEND, self._name, *place))
        if not self._left:
            found.append(Operation(Type.INVOKE, Op.COMMIT if self._commits else Op.ABORT, self._name))
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
        if (self._producer_id, self._epoch) != (producer_id, epoch):
            self._producer_id, self._epoch = producer_id, epoch
            self._sequences = dict.fromkeys(self._partitions, 0)
        self._has_added = False
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
        if self._version < 2 and not self._has_added:
            self._add_partitions()
            return
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

        version = PRODUCE_VERSIONS[self._version]
        late_ms = self._late_ms(f"batch-{name.partition}", self._late_batches)
        if late_ms is not None:
            self._deliver_late(self._leaders[name], request, version, late_ms)
            self._give_up()
            return
        lost = ErrorCode.NETWORK_EXCEPTION
        self._ask(self._leaders[name], request, version, answered, lambda: self._refused(lost))

    def _add_partitions(self) -> None:
        """T4, as clients do below version 2: all it is going to write to."""

        def again() -> None:
            self._find_coordinator(self._write)

        def answered(response: add_partitions_to_txn.AddPartitionsToTxnResponse) -> None:
            results = response.results_by_topic_v3_and_below[0].results_by_partition
            codes = {ErrorCode(each.partition_error_code) for each in results}
            if codes == {ErrorCode.NONE}:
                self._has_added = True
                self._write()
            elif codes & RETRIED:
                self._later(again)
            else:
                self._give_up()

        topic = add_partitions_to_txn.AddPartitionsToTxnTopic(
            name=self._partition.topic, partitions=sorted(each.partition for each in self._chosen)
        )
        request = add_partitions_to_txn.AddPartitionsToTxnRequest(
            v3_and_below_transactional_id=self._name,
            v3_and_below_producer_id=self._producer_id,
            v3_and_below_producer_epoch=self._epoch,
            v3_and_below_topics=[topic],
        )
        self._ask(self._coordinator, request, ADD_VERSION, answered, again)

    def _give_up(self) -> None:
        """On this transaction."""
        self._commits = False
        self._end()

    def _late_ms(self, what: str, percent: int) -> int | None:
        """How late it is; None: it is not. The same for one seed, whatever happened before."""
        random = self._world.fork(f"{self._name}-{len(self.attempts)}-{what}")
        return random.randint(*LATE_MS) if random.randrange(100) < percent else None

    def _deliver_late(self, broker: BrokerId, request: object, version: int, late_ms: int) -> None:
        """It arrives then, and nobody waits for an answer."""
        key: int = request.API_KEY  # type: ignore[attr-defined]
        frame = codec.encode_request(key, version, 0, f"{self._name}-late", request)

        def deliver() -> None:
            Connection(self._world, broker).ask(frame, lambda _: None)

        self._world.clock.after(late_ms * 1_000, deliver)

    def _refused(self, code: ErrorCode) -> None:
        self._tries += 1
        if code in RETRIED and self._tries < TRIES:
            self._later(self._find_leaders)
        else:
            self._give_up()

    def _end(self) -> None:
        if self._random.random() < FORGETS:
            self._ended(False)
            self._find_coordinator(self._init)
        else:
            self._ask_to_end(self._late_ms("end", self._late_ends))

    def _ended(self, committed: bool | None) -> None:
        self.attempts.append(Attempt(self._value, frozenset(self._chosen), committed))

    def _ask_to_end(self, late_ms: int | None = None) -> None:
        """late_ms: what was asked first arrives then, and this is the second time."""

        def again() -> None:
            self._find_coordinator(self._ask_to_end)

        def answered(response: end_txn.EndTxnResponse) -> None:
            code = ErrorCode(response.error_code)
            if code is ErrorCode.NONE:
                self._ended(self._commits)
                if self._version < 2:
                    self._go_on_as(self._producer_id, self._epoch)
                else:
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
        version = END_VERSIONS[self._version]
        if late_ms is not None:
            self._deliver_late(self._coordinator, request, version, late_ms)
        self._ask(self._coordinator, request, version, answered, again)
