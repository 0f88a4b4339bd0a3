"""`/v1/topics`: what was decided about partitions, how far each replica is, and what lies in the log."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Annotated, Final, NamedTuple, TypeAlias

from minikafka.admin.problem import Problem
from minikafka.admin.route import AnyRoute, Nothing, Route, body, path, query
from minikafka.admin.scope import Scope, missing
from minikafka.config import INTERNAL_TOPICS
from minikafka.log.batch import split
from minikafka.runtime.control.cluster import ClusterView
from minikafka.runtime.control.observed import observe
from minikafka.runtime.control.views import (
    ALL,
    PartitionView,
    ProducerView,
    Question,
    ReplicaOffsets,
    ReplicaView,
)
from minikafka.runtime.reading import fetched
from minikafka.types import BrokerId, TopicPartition

MOST_BATCHES: Final = 1_000


class ReplicaAnswer(NamedTuple):
    """One replica, as its broker has it. recovery_point: everything below is on its disk."""

    broker: BrokerId
    is_leader: bool
    leader_epoch: int
    log_start_offset: int
    high_watermark: int
    last_stable_offset: int
    log_end_offset: int
    recovery_point: int
    is_offline: bool


class PartitionAnswer(NamedTuple):
    """One partition as decided by the controller. offsets: the leader's, null while no living broker leads.
    leader: -1 when there is none. replicas: those of living brokers."""

    topic: str
    partition: int
    leader: BrokerId
    leader_epoch: int
    partition_epoch: int
    assigned: list[BrokerId]
    isr: list[BrokerId]
    elr: list[BrokerId]
    offsets: ReplicaOffsets | None
    replicas: list[ReplicaAnswer]


class TopicAnswer(NamedTuple):
    name: str
    is_internal: bool
    replication_factor: int
    partitions: list[PartitionAnswer]


class BatchAnswer(NamedTuple):
    """One batch of the leader's log, below the high watermark. last_offset: inclusive. producer_id: -1 for none.
    control: `commit` or `abort` of an end-transaction marker, null of data."""

    base_offset: int
    last_offset: int
    leader_epoch: int
    size_bytes: int
    crc: int
    base_timestamp_ms: int
    max_timestamp_ms: int
    producer_id: int
    producer_epoch: int
    base_sequence: int
    is_transactional: bool
    control: str | None


class Deleted(NamedTuple):
    deleted: list[str]


@dataclass(frozen=True, slots=True)
class OneTopic:
    topic: Annotated[str, path("its name")]


@dataclass(frozen=True, slots=True)
class OnePartition:
    topic: Annotated[str, path("its name")]
    partition: Annotated[int, path("its number")]


@dataclass(frozen=True, slots=True)
class Batches:
    topic: Annotated[str, path("its name")]
    partition: Annotated[int, path("its number")]
    offset: Annotated[
        int | None, query("from the batch with this offset on; the log start if not given", least=0)
    ] = None
    limit: Annotated[int, query(f"so many batches at most, up to {MOST_BATCHES}", least=1)] = 100


HowMany: TypeAlias = Annotated[int | None, body("how many; the broker's default if not given", least=1)]
Settings: TypeAlias = Annotated[dict[str, str | int | bool], body("topic settings, by Kafka's names")]


@dataclass(frozen=True, slots=True)
class NewTopic:
    name: Annotated[str, body("its name")]
    partitions: HowMany = None
    replication_factor: HowMany = None
    config: Settings = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class NamedNewTopic:
    topic: Annotated[str, path("its name")]
    partitions: HowMany = None
    replication_factor: HowMany = None
    config: Settings = field(default_factory=dict)


async def topics(scope: Scope, asked: Nothing) -> list[TopicAnswer]:
    view = await scope.look(Question(topic=ALL))
    return [_topic(view, name) for name in view.topics]


async def topic(scope: Scope, asked: OneTopic) -> TopicAnswer:
    return _topic(await _seen(scope, Question(asked.topic)), asked.topic)


async def partition(scope: Scope, asked: OnePartition) -> PartitionAnswer:
    view = await _seen(scope, Question(asked.topic))
    return _partition(view, _decided(view, asked.topic, asked.partition))


async def _seen(scope: Scope, question: Question) -> ClusterView:
    """The answers to a question about one topic. Raises Problem (404) when there is none of its name."""
    view = await scope.look(question)
    if not view.topics:
        raise missing("topic", question.topic or "", (await scope.look(Question(topic=ALL))).topics)
    return view


async def create(scope: Scope, asked: NewTopic) -> TopicAnswer:
    if not asked.name:
        raise Problem(422, "field 'name' is empty")
    supervisor = scope.whole.supervisor
    await supervisor.metadata.ensure_topic(
        asked.name, asked.partitions, asked.replication_factor, asked.config
    )
    return await topic(scope, OneTopic(asked.name))


async def create_named(scope: Scope, asked: NamedNewTopic) -> TopicAnswer:
    return await create(
        scope, NewTopic(asked.topic, asked.partitions, asked.replication_factor, asked.config)
    )


async def delete(scope: Scope, asked: OneTopic) -> Deleted:
    await _seen(scope, Question(asked.topic))
    await scope.whole.supervisor.metadata.delete_topics([asked.topic])
    return Deleted([asked.topic])


async def delete_all(scope: Scope, asked: Nothing) -> Deleted:
    view = await scope.look(Question(topic=ALL))
    names = [name for name in view.topics if name not in INTERNAL_TOPICS]
    await scope.whole.supervisor.metadata.delete_topics(names)
    return Deleted(names)


async def producers(scope: Scope, asked: OnePartition) -> list[ProducerView]:
    view = await _seen(scope, Question(asked.topic, producers=True))
    return _leader(view, _decided(view, asked.topic, asked.partition)).producers


async def batches(scope: Scope, asked: Batches) -> list[BatchAnswer]:
    view = await _seen(scope, Question(asked.topic))
    decided = _decided(view, asked.topic, asked.partition)
    offsets = _leader(view, decided).offsets
    start = offsets.log_start_offset if asked.offset is None else asked.offset
    address = scope.whole.supervisor.internal_address(decided.leader)
    found: list[BatchAnswer] = []
    if not offsets.log_start_offset <= start <= offsets.high_watermark:
        raise Problem(
            422,
            f"offset {start} is not in {offsets.log_start_offset}..{offsets.high_watermark}, what can be read",
        )
    name = TopicPartition(asked.topic, asked.partition)
    async for data in fetched(address, name, start, offsets.high_watermark):
        found += _batches(data)
        if len(found) >= min(asked.limit, MOST_BATCHES):
            break
    return found[: min(asked.limit, MOST_BATCHES)]


def _batches(data: bytes) -> list[BatchAnswer]:
    return [
        BatchAnswer(
            one.base_offset,
            one.last_offset,
            one.partition_leader_epoch,
            one.size_bytes,
            one.crc,
            one.base_timestamp,
            one.max_timestamp,
            one.producer_id,
            one.producer_epoch,
            one.base_sequence,
            one.is_transactional,
            ("abort", "commit")[one.control_type] if one.is_control and one.control_type in (0, 1) else None,
        )
        for one, _ in split(data)
    ]


def _topic(view: ClusterView, name: str) -> TopicAnswer:
    decided = view.partitions(name)
    partitions = [_partition(view, one) for one in decided]
    return TopicAnswer(name, name in INTERNAL_TOPICS, len(decided[0].replicas), partitions)


def _decided(view: ClusterView, topic: str, partition: int) -> PartitionView:
    decided = view.partition(TopicPartition(topic, partition))
    if decided is None:
        count = len(view.partitions(topic))
        raise Problem(404, f"topic {topic!r} has no partition {partition}; it has 0 to {count - 1}")
    return decided


def _leader(view: ClusterView, decided: PartitionView) -> ReplicaView:
    found = view.replica(decided.leader, TopicPartition(decided.topic, decided.partition))
    if found is None:
        raise Problem(
            409, f"{decided.topic}-{decided.partition} has no living leader here (leader {decided.leader})"
        )
    return found


def _partition(view: ClusterView, decided: PartitionView) -> PartitionAnswer:
    name = TopicPartition(decided.topic, decided.partition)
    held: Sequence[tuple[BrokerId, ReplicaView | None]] = [
        (broker, view.replica(broker, name)) for broker in decided.replicas
    ]
    return PartitionAnswer(
        decided.topic,
        decided.partition,
        decided.leader,
        decided.leader_epoch,
        decided.partition_epoch,
        decided.replicas,
        decided.isr,
        decided.elr,
        observe(view, name).offsets,
        [_replica(broker, replica) for broker, replica in held if replica is not None],
    )


def _replica(broker: BrokerId, replica: ReplicaView) -> ReplicaAnswer:
    offsets = replica.offsets
    return ReplicaAnswer(
        broker,
        replica.is_leader,
        replica.leader_epoch,
        offsets.log_start_offset,
        offsets.high_watermark,
        offsets.last_stable_offset,
        offsets.log_end_offset,
        replica.recovery_point,
        replica.is_offline,
    )


ROUTES: Final[tuple[AnyRoute, ...]] = (
    Route("GET", "/v1/topics", "Every topic.", Nothing, list[TopicAnswer], topics),
    Route(
        "POST", "/v1/topics",
        "A topic by this name, created if there is none; answers once all its leaders lead. 422 if it exists with "
        "other numbers.",
        NewTopic, TopicAnswer, create, HTTPStatus.CREATED, whole=True,
        example='{"name": "orders", "partitions": 3, "replication_factor": 3, "config": {"min.insync.replicas": 2}}',
    ),
    Route(
        "DELETE", "/v1/topics", "Delete every topic but the internal ones.", Nothing, Deleted, delete_all, whole=True
    ),
    Route("GET", "/v1/topics/{topic}", "One topic.", OneTopic, TopicAnswer, topic),
    Route(
        "POST", "/v1/topics/{topic}", "The same as `POST /v1/topics`, its name in the path.",
        NamedNewTopic, TopicAnswer, create_named, HTTPStatus.CREATED, whole=True,
        example='{"partitions": 3, "replication_factor": 3}',
    ),
    Route("DELETE", "/v1/topics/{topic}", "Delete a topic.", OneTopic, Deleted, delete, whole=True),
    Route(
        "GET", "/v1/topics/{topic}/partitions/{partition}",
        "One partition: leader, ISR, epochs, and the offsets of every replica.",
        OnePartition, PartitionAnswer, partition,
    ),
    Route(
        "GET", "/v1/topics/{topic}/partitions/{partition}/batches",
        "The batches of the leader's log, below the high watermark.",
        Batches, list[BatchAnswer], batches, whole=True, example="offset=0&limit=10",
    ),
    Route(
        "GET", "/v1/topics/{topic}/partitions/{partition}/producers",
        "The leader's sequence table: what it remembers of each producer id.",
        OnePartition, list[ProducerView], producers,
    ),
)  # fmt: skip
