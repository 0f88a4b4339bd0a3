"""A transaction coordinator over a fake log, with brokers that answer markers only when told to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, NamedTuple, TypeVar

from minikafka.coordinator.runtime import CoordinatorRuntime
from minikafka.coordinator.shard import Result
from minikafka.errors import ErrorCode, Rejected
from minikafka.transaction.add_partitions import AddPartitions
from minikafka.transaction.coordinator import Node, transaction_runtime
from minikafka.transaction.end_txn import EndTxn
from minikafka.transaction.init_producer import InitProducerId, InitProducerIdAnswer
from minikafka.transaction.markers import Marker, MarkerAnswers
from minikafka.transaction.producer_ids import ProducerIdBlock, ProducerIds
from minikafka.transaction.shard import TransactionShard
from minikafka.transaction.timeouts import TransactionSettings
from minikafka.transaction.transaction import TV2, ProducerIdAndEpoch, Transaction
from minikafka.types import Now, TopicPartition

from tests.unit.coordinator.fakes import START, FakeTimers, FakeWriter

T = TypeVar("T")

ID = "app-1"
ORDERS_0 = TopicPartition("orders", 0)
ORDERS_1 = TopicPartition("orders", 1)
SETTINGS = TransactionSettings(
    max_timeout_ms=900_000,
    abort_sweep_interval_ms=10_000,
    expiration_ms=604_800_000,
    expiration_sweep_interval_ms=3_600_000,
)


class Sent(NamedTuple):
    """One WriteTxnMarkers under way."""

    broker: int
    markers: list[Marker]
    answered: Callable[[MarkerAnswers | None, Now], None]


class FakeSender:
    """Partition n of any topic is led by broker n, unless said otherwise."""

    def __init__(self) -> None:
        self.leaders: dict[TopicPartition, int | None] = {}
        self.sent: list[Sent] = []

    def leader_of(self, partition: TopicPartition) -> int | None:
        return self.leaders.get(partition, partition.partition)

    def send(
        self,
        broker: int,
        markers: list[Marker],
        answered: Callable[[MarkerAnswers | None, Now], None],
        now: Now,
    ) -> None:
        self.sent.append(Sent(broker, markers, answered))

    def answer(self, code: ErrorCode = ErrorCode.NONE, now: Now = START) -> None:
        """The oldest request is answered, every partition alike."""
        sent = self.sent.pop(0)
        sent.answered(
            {(each.producer_id, one): code for each in sent.markers for one in each.partitions}, now
        )

    def lose(self, now: Now = START) -> None:
        """The oldest request is never answered."""
        self.sent.pop(0).answered(None, now)


class FakeBlocks:
    """Blocks of ten ids, granted at once unless held back."""

    def __init__(self) -> None:
        self.next_first = 1_000
        self.is_held = False
        self.asked = 0
        self.fails = False
        self.retries: list[Callable[[Now], None]] = []

    def allocate(
        self, granted: Callable[[ProducerIdBlock, Now], None], failed: Callable[[str, Now], None], now: Now
    ) -> None:
        self.asked += 1
        if self.fails:
            failed("no controller", now)
        elif not self.is_held:
            first, self.next_first = self.next_first, self.next_first + 10
            granted(ProducerIdBlock(first, 10), now)

    def retry_later(self, run: Callable[[Now], None], deadline_ms: int) -> None:
        self.retries.append(run)


class World:
    """One coordinator partition, loaded. Everything appended is committed at once unless `hold` is set."""

    def __init__(self, *, server_version: int = TV2, hold: bool = False) -> None:
        self.server_version = server_version
        self.writer = FakeWriter(auto_commit=not hold)
        self.timers = FakeTimers()
        self.sender = FakeSender()
        self.blocks = FakeBlocks()
        self.producer_ids = ProducerIds(self.blocks)
        self.producer_ids.when_ready(lambda _: None, START)
        self.runtime: CoordinatorRuntime[TransactionShard] = transaction_runtime(
            Node(self.writer, self.timers, self.sender, self.producer_ids, lambda: self.server_version),
            SETTINGS,
            5_000,
        )
        self.load()

    def load(self, epoch: int = 0, now: Now = START) -> None:
        self.runtime.begin_load(0, epoch, now)
        self.runtime.load(0, self.writer.entries(0))
        self.runtime.finish_load(0, now)

    def commit(self, now: Now = START) -> None:
        self.writer.commit(self.runtime, 0, now)

    @property
    def shard(self) -> TransactionShard:
        return self.runtime.shards()[0][1]

    def state(self, transactional_id: str = ID) -> Transaction:
        return self.shard.describe(transactional_id, START)

    def ask(self, operation: Callable[[TransactionShard, Now], Result[T]], now: Now = START) -> Asked[T]:
        asked: Asked[T] = Asked()
        self.runtime.write(0, operation, asked.answer, asked.reject, now)
        return asked

    def init(
        self,
        expected: ProducerIdAndEpoch | None = None,
        *,
        timeout_ms: int = 60_000,
        transactional_id: str = ID,
        now: Now = START,
    ) -> Asked[InitProducerIdAnswer]:
        request = InitProducerId(transactional_id, timeout_ms, expected)
        return self.ask(lambda shard, at: shard.init_producer(request, at), now)

    def add(
        self,
        *partitions: TopicPartition,
        producer: ProducerIdAndEpoch | None = None,
        version: int = TV2,
        now: Now = START,
    ) -> Asked[ErrorCode]:
        who = producer or self.state().identity
        request = AddPartitions(ID, *who, frozenset(partitions), version)
        return self.ask(lambda shard, at: shard.add_partitions(request, at), now)

    def end(
        self,
        *,
        commit: bool,
        producer: ProducerIdAndEpoch | None = None,
        version: int = TV2,
        now: Now = START,
    ) -> Asked[ProducerIdAndEpoch]:
        who = producer or self.state().identity
        request = EndTxn(ID, *who, commit, version)
        return self.ask(lambda shard, at: shard.end_transaction(request, at), now)

    def finish_markers(self) -> None:
        """Every broker writes what it was sent."""
        while self.sender.sent:
            self.sender.answer()

    def begun(self, *, version: int = TV2) -> ProducerIdAndEpoch:
        """A producer with an open transaction over two partitions."""
        self.init()
        self.add(ORDERS_0, ORDERS_1, version=version)
        return self.state().identity


class Asked(Generic[T]):
    """What one request heard, if it heard anything yet."""

    def __init__(self) -> None:
        self.heard: list[T] = []
        self.refused: list[ErrorCode] = []

    def answer(self, answer: T, _: Now) -> None:
        self.heard.append(answer)

    def reject(self, refusal: Rejected, _: Now) -> None:
        self.refused.append(refusal.code)

    @property
    def is_waiting(self) -> bool:
        return not self.heard and not self.refused

    @property
    def value(self) -> T:
        assert self.refused == []
        assert len(self.heard) == 1
        return self.heard[0]

    @property
    def error(self) -> ErrorCode:
        assert self.heard == []
        assert len(self.refused) == 1
        return self.refused[0]
