"""BrokerHeartbeat (API 63), versions 0 to 2: a broker's life goes on, or ends well (R12).

v1 names log directories whose disks failed (D7, KIP-858). v2 cordoned ones (KIP-1066), of which no broker has any here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from minikafka.broker.request import Request
from minikafka.controller.heartbeat import Heartbeat, HeartbeatReply
from minikafka.types import Now
from minikafka.wire.messages.broker_heartbeat import BrokerHeartbeatRequest, BrokerHeartbeatResponse

if TYPE_CHECKING:
    from minikafka.broker.controller_node import ControllerNode


def handle(node: ControllerNode, request: Request[BrokerHeartbeatRequest], now: Now) -> None:
    """What the broker may do next."""
    body = request.body
    beat = Heartbeat(
        body.broker_id,
        body.broker_epoch,
        body.current_metadata_offset,
        body.want_fence,
        body.want_shut_down,
        tuple(body.offline_log_dirs),
    )
    node.write(
        lambda controller, at: controller.broker_heartbeat(beat, at),
        _answer,
        lambda refusal: BrokerHeartbeatResponse(error_code=int(refusal.code)),
        request,
        now,
    )


def _answer(reply: HeartbeatReply) -> BrokerHeartbeatResponse:
    return BrokerHeartbeatResponse(
        is_caught_up=reply.is_caught_up,
        is_fenced=reply.is_fenced,
        should_shut_down=reply.should_shut_down,
    )
