"""Partitions to try rules on: real bytes over the model log, a clock that stands still, no broker."""

from __future__ import annotations

from dataclasses import dataclass, field

from minikafka.config import TopicSettings
from minikafka.errors import ErrorCode, Rejected
from minikafka.log.batch import build_batch
from minikafka.log.model import ModelDisk
from minikafka.log.replica_log import ReplicaLog
from minikafka.partition.acks import ALL, LEADER
from minikafka.partition.partition import Appended, Isolation, Origin, Partition, Read
from minikafka.partition.state import PartitionState
from minikafka.types import Now, TopicPartition

NAME = TopicPartition("orders", 0)
TOPIC_ID = bytes(range(16))
WALL_MS = 1_700_000_000_000
ME = 1


def at(ms: int = 0) -> Now:
    return Now(ms, WALL_MS + ms)


def records(
    *values: bytes,
    producer_id: int = -1,
    epoch: int = -1,
    sequence: int = -1,
    transactional: bool = False,
    timestamp: int = WALL_MS,
    key: bytes | None = b"k",
    base_offset: int = 0,
    leader_epoch: int = -1,
) -> bytes:
    """One batch with these values."""
    return build_batch(
        [(timestamp, key, value, ()) for value in values or (b"v",)],
        base_offset=base_offset,
        partition_leader_epoch=leader_epoch,
        producer_id=producer_id,
        producer_epoch=epoch,
        base_sequence=sequence,
        transactional=transactional,
    )


@dataclass
class Brokers:
    """What the metadata image would say of brokers: epochs of those registered, and who is fenced or leaving."""

    epochs: dict[int, int] = field(default_factory=lambda: {1: 101, 2: 102, 3: 103})
    fenced: set[int] = field(default_factory=set)
    leaving: set[int] = field(default_factory=set)

    def is_fenced(self, broker_id: int) -> bool:
        return broker_id in self.fenced or broker_id not in self.epochs

    def is_shutting_down(self, broker_id: int) -> bool:
        return broker_id in self.leaving

    def broker_epoch(self, broker_id: int) -> int | None:
        return self.epochs.get(broker_id)


def state(
    replicas: tuple[int, ...] = (1,),
    *,
    isr: tuple[int, ...] | None = None,
    leader: int = ME,
    leader_epoch: int = 0,
    partition_epoch: int = 0,
) -> PartitionState:
    return PartitionState(
        topic_id=TOPIC_ID,
        replicas=replicas,
        isr=replicas if isr is None else isr,
        leader=leader,
        leader_epoch=leader_epoch,
        partition_epoch=partition_epoch,
    )


class World:
    """One broker's replica of `orders-0`, with its disk."""

    def __init__(
        self,
        settings: dict[str, str | int] | None = None,
        *,
        durability: str = "page-cache",
        high_watermark: int = 0,
        disk: ModelDisk | None = None,
        clean: bool = True,
        recovery_point: int = 0,
    ) -> None:
        self.settings = TopicSettings().with_overrides(settings or {})
        self.disk = ModelDisk() if disk is None else disk
        self.brokers = Brokers()
        self.log = ReplicaLog.open(
            self.disk,
            "data/orders-0",
            topic_id=TOPIC_ID,
            settings=self.settings,
            recovery_point=recovery_point,
            log_start_offset=0,
            clean=clean,
        )
        self.partition = Partition(
            NAME, ME, self.log, self.settings, durability=durability, high_watermark=high_watermark
        )

    def lead(
        self,
        replicas: tuple[int, ...] = (1,),
        *,
        isr: tuple[int, ...] | None = None,
        epoch: int = 0,
        partition_epoch: int = 0,
        ms: int = 0,
    ) -> World:
        new = state(replicas, isr=isr, leader_epoch=epoch, partition_epoch=partition_epoch)
        self.partition.become_leader(new, self.brokers, at(ms))
        return self

    def follow(self, leader: int = 2, *, epoch: int = 0, replicas: tuple[int, ...] = (1, 2)) -> World:
        self.partition.become_follower(state(replicas, leader=leader, leader_epoch=epoch), at())
        return self

    def append(
        self,
        data: bytes | None = None,
        *,
        acks: int = LEADER,
        ms: int = 0,
        version: int = 13,
        transactional_id: str | None = "t",
        origin: Origin = Origin.CLIENT,
    ) -> Appended:
        return self.partition.append(
            records() if data is None else data,
            acks=acks,
            now=at(ms),
            produce_version=version,
            transactional_id=transactional_id,
            origin=origin,
        )

    def refusal(
        self, data: bytes, *, acks: int = LEADER, version: int = 13, transactional_id: str | None = "t"
    ) -> ErrorCode:
        """The error an append hears."""
        try:
            self.append(data, acks=acks, version=version, transactional_id=transactional_id)
        except Rejected as rejected:
            return rejected.code
        return ErrorCode.NONE

    def end(
        self, producer_id: int, epoch: int, *, commit: bool, version: int = 1, coordinator_epoch: int = 0
    ) -> Appended:
        return self.partition.append_marker(
            producer_id=producer_id,
            producer_epoch=epoch,
            commit=commit,
            coordinator_epoch=coordinator_epoch,
            transaction_version=version,
            now=at(),
        )

    def ack(
        self,
        follower: int,
        offset: int,
        ms: int = 0,
        *,
        broker_epoch: int | None = None,
        last_epoch: int = -1,
    ) -> None:
        """The follower fetches at `offset`."""
        self.partition.follower_fetched(
            follower,
            self.brokers.epochs[follower] if broker_epoch is None else broker_epoch,
            offset,
            0,
            at(ms),
            leader_epoch=self.partition.leader_epoch,
            last_fetched_epoch=last_epoch,
        )

    def read(
        self,
        offset: int = 0,
        isolation: Isolation = Isolation.READ_UNCOMMITTED,
        *,
        epoch: int = -1,
        last_epoch: int = -1,
        max_bytes: int = 1 << 20,
    ) -> Read:
        return self.partition.read(
            offset=offset,
            max_bytes=max_bytes,
            at_least_one_batch=True,
            isolation=isolation,
            current_leader_epoch=epoch,
            last_fetched_epoch=last_epoch,
            now=at(),
        )

    def acked(self, appended: Appended, acks: int = ALL) -> ErrorCode | None:
        return self.partition.acks_state(appended.last_offset, self.partition.leader_epoch, acks)

    @property
    def high_watermark(self) -> int:
        return self.partition.high_watermark


def code_of(refused: Rejected) -> ErrorCode:
    return refused.code
