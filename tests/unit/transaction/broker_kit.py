"""What transaction handlers find on a broker: a coordinator, an image, partitions that take markers."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from types import SimpleNamespace
from typing import Any, NamedTuple

from minikafka.broker.handlers import HANDLERS
from minikafka.broker.request import Request
from minikafka.broker.verification import Verifier
from minikafka.controller.image import MetadataImage, TopicImage
from minikafka.errors import ErrorCode, Rejected
from minikafka.partition.verification import Verifications
from minikafka.trace import NOBODY
from minikafka.types import Now, TopicPartition
from minikafka.wire import codec

from tests.unit.coordinator.fakes import START, later
from tests.unit.transaction.world import World

TRANSACTIONS = "__transaction_state"
RETRY_MS = 20
RETRY_AT_MOST_MS = 100
"""Kafka's defaults."""


class Written(NamedTuple):
    base_offset: int
    last_offset: int


class FakePartition:
    """A partition led here, as far as markers and first writes look at it."""

    def __init__(self, topic_partition: TopicPartition) -> None:
        self.topic_partition = topic_partition
        self.is_leader = True
        self.verifications = Verifications()
        self.open: set[tuple[int, int]] = set()
        self.markers: list[dict[str, Any]] = []
        self.refusal: ErrorCode | None = None
        self.log = SimpleNamespace(producers=SimpleNamespace(all=list))

    def has_transaction(self, producer_id: int, producer_epoch: int) -> bool:
        return (producer_id, producer_epoch) in self.open

    def append_marker(self, **marker: Any) -> Written:
        if self.refusal is not None:
            raise Rejected(self.refusal)
        self.markers.append(marker)
        return Written(10, 10)


class Call(NamedTuple):
    """A request to another broker, not answered yet."""

    peer: int
    body: Any
    version: int
    on_reply: Callable[[Any, Now], None]
    on_lost: Callable[[str, Now], None]


class Broker:
    """Broker 0. It coordinates the one `__transaction_state` partition unless `coordinator` says otherwise."""

    def __init__(self, *, coordinator: int = 0, **options: Any) -> None:
        self.world = World(**options)
        self.broker_id = 0
        self.transactions = self.world.runtime
        self.transactions.partition_count = 1
        self.producer_ids = self.world.producer_ids
        self.timers = self.world.timers
        self.settings = SimpleNamespace(
            request_timeout_ms=30_000,
            transaction_partition_verification_enable=True,
            add_partitions_to_txn_retry_backoff_ms=RETRY_MS,
            add_partitions_to_txn_retry_backoff_max_ms=RETRY_AT_MOST_MS,
        )
        self.trace = NOBODY
        self.verifier = Verifier()
        self.partitions = {
            TopicPartition("orders", at): FakePartition(TopicPartition("orders", at)) for at in (0, 1)
        }
        self.image = MetadataImage(
            topics={
                "orders": _topic("orders", {0: 0, 1: 0}),
                "__consumer_offsets": _topic("__consumer_offsets", {0: 0}),
                TRANSACTIONS: _topic(TRANSACTIONS, {0: coordinator}),
            }
        )
        self.replicas = SimpleNamespace(get=self.partitions.get, leader=self._leader)
        self.groups = SimpleNamespace(partition_for=lambda _: 0)
        self.peers = SimpleNamespace(call=self._call)
        self.coordinators = SimpleNamespace(marker_written=self._marker_written)
        self.calls: list[Call] = []
        self.replicating: list[Callable[[ErrorCode, Now], None]] = []
        self.marker_written: list[tuple[Any, ...]] = []
        self._correlation_id = 0

    def _leader(self, name: TopicPartition) -> FakePartition:
        if name not in self.partitions:
            raise Rejected(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, "no such partition")
        return self.partitions[name]

    def _call(
        self,
        peer: int,
        body: Any,
        version: int,
        on_reply: Callable[[Any, Now], None],
        on_lost: Callable[[str, Now], None],
        now: Now,
        **_: object,
    ) -> None:
        self.calls.append(Call(peer, body, version, on_reply, on_lost))

    def _marker_written(self, *args: Any) -> None:
        self.marker_written.append(args)

    def wait_for_replication(
        self,
        partition: Any,
        last_offset: int,
        on_done: Callable[[ErrorCode, Now], None],
        deadline_ms: int,
        now: Now,
    ) -> None:
        self.replicating.append(on_done)

    def replicated(self, code: ErrorCode = ErrorCode.NONE) -> None:
        """Every batch waited for is replicated."""
        waiting, self.replicating = self.replicating, []
        for done in waiting:
            done(code, START)

    def begin(self, body: Any, version: int, now: Now = START) -> list[Any]:
        """Send over the wire; the list holds the answer once there is one, read off the wire."""
        self._correlation_id += 1
        answers: list[Any] = []
        frame = codec.encode_request(body.API_KEY, version, self._correlation_id, "client", body)[4:]
        header, decoded = codec.decode_request(frame)

        def answer(request: Request[object], reply: object) -> None:
            encoded = codec.encode_response(request.api_key, request.api_version, 1, reply)
            answers.append(codec.decode_response(request.api_key, request.api_version, encoded[4:])[1])

        session: Any = SimpleNamespace(
            answer=answer, client_host="127.0.0.1", connection=1, internal=False, let_next_pass=lambda _: None
        )
        import_module(HANDLERS[body.API_KEY]).handle(self, Request(session, header, decoded), now)
        return answers

    def ask(self, body: Any, version: int, now: Now = START) -> Any:
        """Send, and read the answer that comes at once."""
        (only,) = self.begin(body, version, now)
        return only

    def advance(self, ms: int) -> Now:
        """Let time pass and timers fire."""
        now = later(ms)
        self.timers.fire(now)
        return now


def _topic(name: str, leaders: dict[int, int]) -> TopicImage:
    partitions: Any = {index: SimpleNamespace(leader=leader) for index, leader in leaders.items()}
    return TopicImage(name, name.encode().ljust(16, b"\0")[:16], partitions)
