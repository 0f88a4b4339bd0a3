"""An admin moves partitions, or gives a move up (AlterPartitionReassignments, ListPartitionReassignments; R17).

    the partition does not exist                            UNKNOWN_TOPIC_OR_PARTITION [3]
    give up, and nothing moves                              NO_REASSIGNMENT_IN_PROGRESS [85]
    give up, nobody in the ISR stays, and the topic does    INVALID_REPLICA_ASSIGNMENT [39]
        not allow unclean elections
    a target with nobody, with a stranger, or with one      INVALID_REPLICA_ASSIGNMENT [39]
        broker twice
    another number of replicas, where the request forbids   INVALID_REPLICATION_FACTOR [38]
        that (`allow_replication_factor_change`, v1)

A fenced broker may be a target: the move then waits for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from minikafka.controller.leadership import rules_for
from minikafka.controller.partition_change import Target, partition_change
from minikafka.controller.placement import check_manual_assignment
from minikafka.controller.reassignment import assignment_of, moved_to, reverted
from minikafka.controller.view import ClusterView
from minikafka.errors import ErrorCode, Rejected
from minikafka.partition.state import PartitionState
from minikafka.types import BrokerId, TopicPartition
from minikafka.wire.message import Message


class Move(NamedTuple):
    """One partition's target, in order of preference; None gives the move under way up."""

    partition: TopicPartition
    target: tuple[BrokerId, ...] | None


def reassign(view: ClusterView, asked: Move, *, allow_factor_change: bool = True) -> list[Message]:
    """The record that begins the move, or ends it; none when the partition is where it is wanted. Raises Rejected:
    see the module."""
    name = asked.partition
    if view.image.topic(name.topic) is None:
        why = f"Unable to find a topic named {name.topic}."
        raise Rejected(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, why, rule="R17")
    state = view.image.partition(name)
    if state is None:
        why = f"Unable to find partition {name.topic}:{name.partition}."
        raise Rejected(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, why, rule="R17")
    if asked.target is None:
        target = _cancelled(view, name, state)
    else:
        target = _moved(view, state, asked.target, allow_factor_change=allow_factor_change)
    rules = rules_for(view, view.topic_settings(name.topic), state, is_alive=view.image.is_active)
    record = partition_change(state, target, rules)
    return [] if record is None else [record]


def _cancelled(view: ClusterView, name: TopicPartition, state: PartitionState) -> Target:
    if not assignment_of(state).is_moving:
        why = "No partition reassignment is in progress."
        raise Rejected(ErrorCode.NO_REASSIGNMENT_IN_PROGRESS, why, rule="R17")
    back = reverted(assignment_of(state), state.isr)
    if back.is_unclean and not view.topic_settings(name.topic).unclean_leader_election_enable:
        why = (
            f"Unable to revert partition assignment for {name.topic}:{name.partition} because it would require "
            "an unclean leader election."
        )
        raise Rejected(ErrorCode.INVALID_REPLICA_ASSIGNMENT, why, rule="R17")
    return Target.as_is(state)._replace(isr=back.isr, replicas=back.replicas, adding=(), removing=())


def _moved(
    view: ClusterView, state: PartitionState, target: Sequence[BrokerId], *, allow_factor_change: bool
) -> Target:
    check_manual_assignment(view.image, target)
    factor = len(assignment_of(state).staying)
    if not allow_factor_change and len(target) != factor:
        why = f"The replication factor is changed from {factor} to {len(target)}"
        raise Rejected(ErrorCode.INVALID_REPLICATION_FACTOR, why, rule="R17")
    replicas, adding, removing = moved_to(assignment_of(state), target)
    return Target.as_is(state)._replace(replicas=replicas, adding=adding, removing=removing)


def moving(
    view: ClusterView, asked: Iterable[TopicPartition] | None
) -> list[tuple[TopicPartition, PartitionState]]:
    """Of the partitions asked for, or of all, those that move."""
    image = view.image
    names = asked
    if names is None:
        names = (
            TopicPartition(topic, index)
            for topic in sorted(image.topics)
            for index in sorted(image.topics[topic].partitions)
        )
    states = ((name, image.partition(name)) for name in names)
    return [(name, state) for name, state in states if state is not None and assignment_of(state).is_moving]
