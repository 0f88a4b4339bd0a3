"""BrokerRegistration (API 62), versions 0 to 4: a broker's life begins (R12, R14).

v2 log directories. v3 the previous broker epoch, from the clean-shutdown file (KIP-966). v4 features with a
minimum of 0.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from minikafka.broker.request import Request
from minikafka.controller.image import Endpoint
from minikafka.controller.registration import Registration
from minikafka.types import Now
from minikafka.wire.messages.broker_registration import BrokerRegistrationRequest, BrokerRegistrationResponse

if TYPE_CHECKING:
    from minikafka.broker.controller_node import ControllerNode


def handle(node: ControllerNode, request: Request[BrokerRegistrationRequest], now: Now) -> None:
    """The broker epoch, or why not."""
    asked = _registration(request.body)
    node.write(
        lambda controller, at: controller.register_broker(asked, at),
        lambda epoch: BrokerRegistrationResponse(broker_epoch=epoch),
        lambda refusal: BrokerRegistrationResponse(error_code=int(refusal.code)),
        request,
        now,
    )


def _registration(body: BrokerRegistrationRequest) -> Registration:
    return Registration(
        broker_id=body.broker_id,
        cluster_id=body.cluster_id,
        incarnation_id=body.incarnation_id,
        endpoints={each.name: Endpoint(each.host, each.port, body.rack) for each in body.listeners},
        rack=body.rack,
        log_dirs=tuple(body.log_dirs),
        supported_features={
            each.name: (each.min_supported_version, each.max_supported_version) for each in body.features
        },
        previous_broker_epoch=body.previous_broker_epoch,
    )
