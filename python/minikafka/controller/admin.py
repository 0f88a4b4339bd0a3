"""What admins ask of the controller, usually many things at once.

Each topic, resource or partition is decided by itself, so that one refusal spoils nothing else; what is not refused is
written as one batch. Only feature updates are all or nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final, TypeVar

from minikafka.controller import configs, features, topics
from minikafka.controller.configs import ConfigChange
from minikafka.controller.controller import Controller
from minikafka.controller.elect_leaders import elect_leader
from minikafka.controller.elr_safety import elr_safe
from minikafka.controller.features import FeatureUpdate
from minikafka.controller.image import ConfigResource, MetadataImage
from minikafka.controller.leadership import unregister
from minikafka.controller.reassign import Move, moving, reassign
from minikafka.controller.telling import tell_refusal
from minikafka.controller.topics import CreatedTopic, MorePartitions, NewTopic
from minikafka.controller.view import ClusterView
from minikafka.coordinator.shard import Result
from minikafka.errors import ErrorCode, Rejected
from minikafka.partition.state import PartitionState
from minikafka.types import BrokerId, TopicId, TopicPartition
from minikafka.wire.message import Message

A = TypeVar("A")

MAX_PARTITIONS_PER_REQUEST: Final = 10_000
"""New partitions that one request may ask for, all its topics together; Kafka has the same limit."""


def create_topics(
    controller: Controller, asked: Sequence[NewTopic], *, validate_only: bool = False
) -> Result[list[CreatedTopic | Rejected]]:
    """In the order asked: a later topic sees the names of those before."""
    excess = _excess(len(each.assignments) or max(1, each.partitions) for each in asked)
    if excess is not None:
        return Result([], [excess] * len(asked))
    view = controller.view
    records: list[Message] = []
    outcomes: list[CreatedTopic | Rejected] = []
    for each in asked:
        try:
            its_records, created = topics.create_topic(view, each, controller.new_topic_id())
        except Rejected as refusal:
            outcomes.append(refusal)
            continue
        view = view.after(its_records)
        records += its_records
        outcomes.append(created)
    return Result([] if validate_only else controller.decided(records, "an admin created topics"), outcomes)


def create_partitions(
    controller: Controller, asked: Sequence[MorePartitions], *, validate_only: bool = False
) -> Result[list[Rejected | None]]:
    """Topics grow."""
    view = controller.view
    excess = _excess(max(0, each.total - _partitions_of(view, each.name)) for each in asked)
    if excess is not None:
        return Result([], [excess] * len(asked))
    records, outcomes = _each(asked, lambda one: topics.create_partitions(view, one))
    return Result([] if validate_only else controller.decided(records, "an admin added partitions"), outcomes)


def _excess(new_partitions: Iterable[int]) -> Rejected | None:
    if sum(new_partitions) <= MAX_PARTITIONS_PER_REQUEST:
        return None
    return Rejected(ErrorCode.POLICY_VIOLATION, "Excessively large number of partitions per request.")


def _partitions_of(view: ClusterView, topic: str) -> int:
    known = view.image.topic(topic)
    return 0 if known is None else len(known.partitions)


def delete_topics(controller: Controller, asked: Sequence[TopicId]) -> Result[list[Rejected | None]]:
    """Topics go; all ids differ."""
    view = controller.view
    records, outcomes = _each(asked, lambda one: topics.delete_topic(view, one))
    return Result(controller.decided(records, "an admin deleted topics"), outcomes)


def alter_configs(
    controller: Controller,
    asked: Sequence[tuple[ConfigResource, Sequence[ConfigChange]]],
    *,
    validate_only: bool = False,
) -> Result[list[Rejected | None]]:
    """Single settings of resources change (IncrementalAlterConfigs)."""
    view = controller.view
    records, outcomes = _each(asked, lambda one: elr_safe(view, configs.incremental(view, *one)))
    return Result([] if validate_only else controller.decided(records, "an admin changed settings"), outcomes)


def replace_configs(
    controller: Controller,
    asked: Sequence[tuple[ConfigResource, Sequence[tuple[str, str | None]]]],
    *,
    validate_only: bool = False,
) -> Result[list[Rejected | None]]:
    """The given settings become a resource's only ones (AlterConfigs)."""
    view = controller.view
    records, outcomes = _each(asked, lambda one: elr_safe(view, configs.replace_all(view, *one)))
    return Result(
        [] if validate_only else controller.decided(records, "an admin replaced settings"), outcomes
    )


def update_features(
    controller: Controller, asked: Sequence[FeatureUpdate], *, validate_only: bool = False
) -> Result[Mapping[str, int]]:
    """All or nothing; answers the levels as they were. Raises Rejected [42], [95]."""
    records = features.update_features(controller.image, asked)
    before = controller.image.features
    return Result(
        [] if validate_only else controller.decided(records, "an admin changed feature levels"), before
    )


def elect_leaders(
    controller: Controller, asked: Sequence[TopicPartition] | None, election_type: int
) -> Result[list[tuple[TopicPartition, Rejected | None]]]:
    """R15, R16. `asked` None means every partition; those that need no election are then left out."""
    view = controller.view
    records: list[Message] = []
    outcomes: list[tuple[TopicPartition, Rejected | None]] = []
    for name in _all_partitions(view.image) if asked is None else asked:
        try:
            records.append(elect_leader(view, name, election_type))
            outcomes.append((name, None))
        except Rejected as refusal:
            if asked is not None or refusal.code is not ErrorCode.ELECTION_NOT_NEEDED:
                outcomes.append((name, refusal))
                if controller.trace.on:
                    tell_refusal(controller.trace, name, refusal, api="ElectLeaders")
    return Result(controller.decided(records, "an admin asked for an election"), outcomes)


def unregister_broker(controller: Controller, broker_id: BrokerId) -> Result[BrokerId]:
    """R12: the broker is forgotten; answers its id. Raises Rejected [102]."""
    records = unregister(controller.view, broker_id)
    controller.sessions.end(broker_id)
    return Result(controller.decided(records, f"an admin unregistered broker {broker_id}"), broker_id)


def reassign_partitions(
    controller: Controller, asked: Sequence[Move], *, allow_factor_change: bool = True
) -> Result[list[Rejected | None]]:
    """R17: moves begun, changed or given up."""
    view = controller.view
    records, outcomes = _each(asked, lambda one: reassign(view, one, allow_factor_change=allow_factor_change))
    if controller.trace.on:
        for one, outcome in zip(asked, outcomes, strict=True):
            if outcome is not None:
                tell_refusal(controller.trace, one.partition, outcome, api="AlterPartitionReassignments")
    return Result(controller.decided(records, "an admin asked for it"), outcomes)


def list_reassignments(
    controller: Controller, asked: Sequence[TopicPartition] | None
) -> Result[list[tuple[TopicPartition, PartitionState]]]:
    """R17: what moves now. `asked` None means anywhere; what does not exist is left out."""
    return Result([], moving(controller.view, asked))


def _all_partitions(image: MetadataImage) -> list[TopicPartition]:
    return [
        TopicPartition(topic, index)
        for topic in sorted(image.topics)
        for index in image.topics[topic].partitions
    ]


def _each(
    asked: Iterable[A], decide: Callable[[A], list[Message]]
) -> tuple[list[Message], list[Rejected | None]]:
    records: list[Message] = []
    outcomes: list[Rejected | None] = []
    for one in asked:
        try:
            records += decide(one)
            outcomes.append(None)
        except Rejected as refusal:
            outcomes.append(refusal)
    return records, outcomes
