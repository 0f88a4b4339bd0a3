"""UnregisterBroker (API 64), version 0: the cluster forgets a broker that will not come back (KIP-631).

A broker that is alive after all registers again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from minikafka.broker.request import Request
from minikafka.controller.admin import unregister_broker
from minikafka.types import Now
from minikafka.wire.messages.unregister_broker import UnregisterBrokerRequest, UnregisterBrokerResponse

if TYPE_CHECKING:
    from minikafka.broker.controller_node import ControllerNode


def handle(node: ControllerNode, request: Request[UnregisterBrokerRequest], now: Now) -> None:
    """BROKER_ID_NOT_REGISTERED [102] for one that is not known."""
    node.write(
        lambda controller, _: unregister_broker(controller, request.body.broker_id),
        lambda _: UnregisterBrokerResponse(error_message=None),
        lambda refusal: UnregisterBrokerResponse(error_code=int(refusal.code), error_message=refusal.why),
        request,
        now,
    )
