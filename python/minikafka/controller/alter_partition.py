"""A leader asks to change its ISR; the controller decides (R10, KIP-497, KIP-903).

The leader says which partition state it believes in: leader epoch and partition epoch. If it is behind, its
picture of the ISR is too, and it may not overwrite what happened since. The refusals, in the order in which
they win:

    the partition does not exist                        UNKNOWN_TOPIC_ID [100], UNKNOWN_TOPIC_OR_PARTITION [3]
    leader epoch or partition epoch newer than ours     NOT_CONTROLLER [41]: we must be an old controller
    leader epoch older                                  FENCED_LEADER_EPOCH [74]
    the sender does not lead                            INVALID_REQUEST [42]
    partition epoch older                               INVALID_UPDATE_VERSION [95]
    ISR empty, without the leader, with a stranger      INVALID_REQUEST [42]
        or with one member twice
    RECOVERING with anyone but the leader in the ISR,   INVALID_REQUEST [42]
        or after it was RECOVERED
    a member fenced, leaving, or in another life        INELIGIBLE_REPLICA [107]
    a reassignment is completed and moves the leader    NEW_LEADER_ELECTED [108], *and* it is done
"""

from __future__ import annotations

from typing import Final, NamedTuple

from minikafka.controller.leadership import rules_for
from minikafka.controller.partition_change import Target, partition_change
from minikafka.controller.replay import NO_LEADER_CHANGE, merged
from minikafka.controller.view import ClusterView
from minikafka.errors import ErrorCode, Rejected
from minikafka.partition.state import RECOVERED, RECOVERING, PartitionState
from minikafka.types import BrokerEpoch, BrokerId, LeaderEpoch, PartitionEpoch, TopicId
from minikafka.wire.message import Message

SKIP_EPOCH_CHECK: Final = -1
"""A member's broker epoch when the leader does not know it (AlterPartition v2)."""


class IsrMember(NamedTuple):
    """A replica proposed for the ISR, in the life in which the leader saw it fetch."""

    broker_id: BrokerId
    broker_epoch: BrokerEpoch = SKIP_EPOCH_CHECK


class PartitionAlteration(NamedTuple):
    """What the leader asks for one partition."""

    topic_id: TopicId
    partition: int
    leader_epoch: LeaderEpoch
    partition_epoch: PartitionEpoch
    isr: tuple[IsrMember, ...]
    leader_recovery_state: int = RECOVERED


def alter_partition(
    view: ClusterView, sender: BrokerId, asked: PartitionAlteration
) -> tuple[list[Message], PartitionState | Rejected]:
    """The records, and the partition as it is then (or why not). The sender's own epoch is checked before."""
    try:
        topic, state = _find(view, asked)
        _check_epochs(state, sender, asked)
        _check_isr(state, asked)
        _check_members(view, asked)
    except Rejected as refusal:
        refusal.rule = "R10"
        return [], refusal
    isr = tuple(sorted(member.broker_id for member in asked.isr))
    target = Target.as_is(state)._replace(isr=isr, leader_recovery_state=asked.leader_recovery_state)
    rules = rules_for(view, view.topic_settings(topic), state, is_alive=view.image.is_active)
    record = partition_change(state, target, rules)
    if record is None:
        return [], state
    if record.leader not in (NO_LEADER_CHANGE, sender):
        return [record], Rejected(
            ErrorCode.NEW_LEADER_ELECTED, "the change completed a reassignment", rule="R10"
        )
    return [record], merged(state, record)


def _find(view: ClusterView, asked: PartitionAlteration) -> tuple[str, PartitionState]:
    topic = view.image.topic_by_id(asked.topic_id)
    if topic is None:
        raise Rejected(ErrorCode.UNKNOWN_TOPIC_ID, "no topic has this id")
    state = topic.partitions.get(asked.partition)
    if state is None:
        raise Rejected(
            ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, f"{topic.name} has no partition {asked.partition}"
        )
    return topic.name, state


def _check_epochs(state: PartitionState, sender: BrokerId, asked: PartitionAlteration) -> None:
    if asked.leader_epoch > state.leader_epoch or asked.partition_epoch > state.partition_epoch:
        raise Rejected(ErrorCode.NOT_CONTROLLER, "the sender knows a newer state than this controller")
    if asked.leader_epoch < state.leader_epoch:
        raise Rejected(ErrorCode.FENCED_LEADER_EPOCH, f"the leader epoch is {state.leader_epoch}")
    if sender != state.leader:
        raise Rejected(ErrorCode.INVALID_REQUEST, f"broker {state.leader} leads, not {sender}")
    if asked.partition_epoch < state.partition_epoch:
        raise Rejected(ErrorCode.INVALID_UPDATE_VERSION, f"the partition epoch is {state.partition_epoch}")


def _check_isr(state: PartitionState, asked: PartitionAlteration) -> None:
    isr = [member.broker_id for member in asked.isr]
    if not isr or len(set(isr)) != len(isr) or not set(isr) <= set(state.replicas):
        raise Rejected(ErrorCode.INVALID_REQUEST, f"{isr} is no ISR of the replicas {list(state.replicas)}")
    if state.leader not in isr:
        raise Rejected(ErrorCode.INVALID_REQUEST, "an ISR holds its leader")
    if asked.leader_recovery_state == RECOVERING and len(isr) > 1:
        raise Rejected(ErrorCode.INVALID_REQUEST, "nobody joins the ISR of a leader that is recovering")
    if asked.leader_recovery_state == RECOVERING and state.leader_recovery_state == RECOVERED:
        raise Rejected(ErrorCode.INVALID_REQUEST, "a recovered leader does not go back to recovering")


def _check_members(view: ClusterView, asked: PartitionAlteration) -> None:
    for broker_id, epoch in asked.isr:
        registration = view.image.brokers.get(broker_id)
        if registration is None:
            why = "is not registered"
        elif registration.in_controlled_shutdown:
            why = "is shutting down"
        elif registration.fenced:
            why = "is fenced"
        elif epoch not in (SKIP_EPOCH_CHECK, registration.epoch):
            why = f"was seen in epoch {epoch}, and lives in {registration.epoch}"
        else:
            continue
        raise Rejected(ErrorCode.INELIGIBLE_REPLICA, f"broker {broker_id} {why}")
