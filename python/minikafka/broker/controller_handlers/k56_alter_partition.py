"""AlterPartition (API 56), versions 2 to 3: a leader proposes an ISR (R10).

v2 topic ids. v3 each member with its broker epoch (KIP-903).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from minikafka.broker.controller_handlers.outcomes import code_of
from minikafka.broker.request import Request
from minikafka.controller.alter_partition import IsrMember, PartitionAlteration
from minikafka.errors import Rejected
from minikafka.partition.state import PartitionState
from minikafka.types import Now, TopicId
from minikafka.wire.messages.alter_partition import (
    AlterPartitionRequest,
    AlterPartitionRequestPartitionData,
    AlterPartitionResponse,
    AlterPartitionResponsePartitionData,
    AlterPartitionResponseTopicData,
)

if TYPE_CHECKING:
    from minikafka.broker.controller_node import ControllerNode


def handle(node: ControllerNode, request: Request[AlterPartitionRequest], now: Now) -> None:
    """Each partition by itself; a stale sender is refused altogether."""
    body = request.body
    asked = [_alteration(topic.topic_id, each) for topic in body.topics for each in topic.partitions]

    def answer(outcomes: Sequence[PartitionState | Rejected]) -> AlterPartitionResponse:
        by_topic: dict[TopicId, list[AlterPartitionResponsePartitionData]] = {}
        for alteration, outcome in zip(asked, outcomes, strict=True):
            by_topic.setdefault(alteration.topic_id, []).append(_result(alteration, outcome))
        topics = [
            AlterPartitionResponseTopicData(topic_id=topic_id, partitions=each)
            for topic_id, each in by_topic.items()
        ]
        return AlterPartitionResponse(topics=topics)

    node.write(
        lambda controller, at: controller.alter_partitions(body.broker_id, body.broker_epoch, asked, at),
        answer,
        lambda refusal: AlterPartitionResponse(error_code=int(refusal.code)),
        request,
        now,
    )


def _alteration(topic_id: TopicId, asked: AlterPartitionRequestPartitionData) -> PartitionAlteration:
    members = [IsrMember(member.broker_id, member.broker_epoch) for member in asked.new_isr_with_epochs]
    return PartitionAlteration(
        topic_id,
        asked.partition_index,
        asked.leader_epoch,
        asked.partition_epoch,
        tuple(members or [IsrMember(member) for member in asked.new_isr]),
        asked.leader_recovery_state,
    )


def _result(
    asked: PartitionAlteration, outcome: PartitionState | Rejected
) -> AlterPartitionResponsePartitionData:
    if isinstance(outcome, Rejected):
        return AlterPartitionResponsePartitionData(
            partition_index=asked.partition, error_code=code_of(outcome)
        )
    return AlterPartitionResponsePartitionData(
        partition_index=asked.partition,
        leader_id=outcome.leader,
        leader_epoch=outcome.leader_epoch,
        isr=list(outcome.isr),
        leader_recovery_state=outcome.leader_recovery_state,
        partition_epoch=outcome.partition_epoch,
    )
