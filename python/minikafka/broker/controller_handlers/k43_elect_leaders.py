"""ElectLeaders (API 43), versions 0 to 2 (R15, R16).

v0 preferred elections only. v1 unclean ones too, and an error code for the whole. A null list means every
partition.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from minikafka.broker.controller_handlers.outcomes import code_of, message_of
from minikafka.broker.request import Request
from minikafka.controller.admin import elect_leaders
from minikafka.controller.elect_leaders import PREFERRED, UNCLEAN
from minikafka.errors import ErrorCode, Rejected
from minikafka.types import Now, TopicPartition
from minikafka.wire.messages.elect_leaders import (
    ElectLeadersRequest,
    ElectLeadersResponse,
    PartitionResult,
    ReplicaElectionResult,
)

if TYPE_CHECKING:
    from minikafka.broker.controller_node import ControllerNode


def handle(node: ControllerNode, request: Request[ElectLeadersRequest], now: Now) -> None:
    """Each partition by itself."""
    body = request.body
    election_type = PREFERRED if request.api_version == 0 else body.election_type
    names = None
    if body.topic_partitions is not None:
        names = [
            TopicPartition(each.topic, index) for each in body.topic_partitions for index in each.partitions
        ]
    if election_type not in (PREFERRED, UNCLEAN):
        refusal = Rejected(ErrorCode.INVALID_REQUEST, f"Unknown election type {election_type}")
        response = _answer([(name, refusal) for name in names or []])
        response.error_code = int(refusal.code)
        request.reply(response)
        return
    node.write(
        lambda controller, _: elect_leaders(controller, names, election_type),
        _answer,
        lambda refusal: ElectLeadersResponse(error_code=int(refusal.code)),
        request,
        now,
    )


def _answer(outcomes: Sequence[tuple[TopicPartition, Rejected | None]]) -> ElectLeadersResponse:
    by_topic: dict[str, list[PartitionResult]] = {}
    for name, outcome in outcomes:
        by_topic.setdefault(name.topic, []).append(
            PartitionResult(
                partition_id=name.partition, error_code=code_of(outcome), error_message=message_of(outcome)
            )
        )
    results = [ReplicaElectionResult(topic=topic, partition_result=each) for topic, each in by_topic.items()]
    return ElectLeadersResponse(replica_election_results=results)
