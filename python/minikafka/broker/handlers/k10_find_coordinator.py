"""FindCoordinator (API 10), versions 0 to 6.

v0 groups only. v1 key types. v3 flexible. v4 many keys at once. v5 clients that know TRANSACTION_ABORTABLE.
v6 share groups (key type 2), which we do not have.

The coordinator of a group or a transactional id is the leader of one partition of an internal topic (T1, G1). The
topic is created when first looked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from minikafka.broker.coordinators import OFFSETS_TOPIC, TRANSACTIONS_TOPIC
from minikafka.broker.request import Request
from minikafka.errors import ErrorCode, Rejected
from minikafka.types import Now, TopicPartition
from minikafka.wire.messages.find_coordinator import (
    Coordinator,
    FindCoordinatorRequest,
    FindCoordinatorResponse,
)

if TYPE_CHECKING:
    from minikafka.broker.broker import Broker

GROUP: Final = 0
TRANSACTION: Final = 1
BATCHED: Final = 4


def handle(broker: Broker, request: Request[FindCoordinatorRequest], now: Now) -> None:
    """Make sure the internal topic exists, then name the leaders."""
    topic = {GROUP: OFFSETS_TOPIC, TRANSACTION: TRANSACTIONS_TOPIC}.get(request.body.key_type)
    if topic is None or topic in broker.image.topics:
        request.reply(find(broker, request, topic))
        return
    broker.auto_create.create([topic], now)
    broker.auto_create.when_ready([topic], lambda at: request.reply(find(broker, request, topic)), now)


def find(
    broker: Broker, request: Request[FindCoordinatorRequest], topic: str | None
) -> FindCoordinatorResponse:
    """The answer as of now."""
    body = request.body
    if request.api_version >= BATCHED:
        return FindCoordinatorResponse(
            coordinators=[_find(broker, key, topic, request.listener) for key in body.coordinator_keys]
        )
    found = _find(broker, body.key, topic, request.listener)
    return FindCoordinatorResponse(
        error_code=found.error_code,
        error_message=found.error_message,
        node_id=found.node_id,
        host=found.host,
        port=found.port,
    )


def _find(broker: Broker, key: str, topic: str | None, listener: str) -> Coordinator:
    try:
        if topic is None:
            raise Rejected(
                ErrorCode.INVALID_REQUEST, "coordinators are found for groups and transactional ids"
            )
        is_group = topic == OFFSETS_TOPIC
        index = broker.groups.partition_for(key) if is_group else broker.transactions.partition_for(key)
        state = broker.client_image.partition(TopicPartition(topic, index))
        leader = (
            None
            if state is None or state.leader < 0
            else broker.client_image.client_endpoint(state.leader, listener)
        )
        if state is None or leader is None:
            raise Rejected(ErrorCode.COORDINATOR_NOT_AVAILABLE, f"{topic}-{index} has no leader")
    except Rejected as rejected:
        return Coordinator(
            key=key,
            node_id=-1,
            host="",
            port=-1,
            error_code=int(rejected.code),
            error_message=rejected.why or None,
        )
    return Coordinator(key=key, node_id=state.leader, host=leader.host, port=leader.port)
