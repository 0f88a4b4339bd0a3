"""AllocateProducerIds (API 67), version 0: the next block of producer ids (I11)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minikafka.broker.request import Request
from minikafka.types import Now
from minikafka.wire.messages.allocate_producer_ids import (
    AllocateProducerIdsRequest,
    AllocateProducerIdsResponse,
)

if TYPE_CHECKING:
    from minikafka.broker.controller_node import ControllerNode


def handle(node: ControllerNode, request: Request[AllocateProducerIdsRequest], now: Now) -> None:
    """A block for a broker in its present life."""
    body = request.body
    node.write(
        lambda controller, at: controller.allocate_producer_ids(body.broker_id, body.broker_epoch, at),
        lambda block: AllocateProducerIdsResponse(producer_id_start=block.first, producer_id_len=block.size),
        lambda refusal: AllocateProducerIdsResponse(error_code=int(refusal.code)),
        request,
        now,
    )
