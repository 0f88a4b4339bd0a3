"""DescribeCluster (API 60), versions 0 to 2.

v1 which kind of endpoint is asked for: brokers (1) or controllers (2). v2 fenced brokers on request.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from minikafka.broker.authorized import NOT_TOLD, ON_CLUSTER
from minikafka.broker.handlers.k03_metadata import controller_of
from minikafka.broker.request import Request
from minikafka.errors import ErrorCode
from minikafka.types import Now
from minikafka.wire.messages.describe_cluster import (
    DescribeClusterBroker,
    DescribeClusterRequest,
    DescribeClusterResponse,
)

if TYPE_CHECKING:
    from minikafka.broker.broker import Broker

BROKERS: Final = 1
CONTROLLERS: Final = 2


def handle(broker: Broker, request: Request[DescribeClusterRequest], now: Now) -> None:
    """Brokers as clients reach them."""
    body = request.body
    if body.endpoint_type != BROKERS:
        request.reply(
            DescribeClusterResponse(
                error_code=int(
                    ErrorCode.MISMATCHED_ENDPOINT_TYPE
                    if body.endpoint_type == CONTROLLERS
                    else ErrorCode.UNSUPPORTED_ENDPOINT_TYPE
                ),
                error_message="this is a broker's listener; the controller's is not for clients",
                endpoint_type=BROKERS,
            )
        )
        return
    brokers = []
    for broker_id, registration in sorted(broker.client_image.brokers.items()):
        endpoint = registration.endpoints.get(request.listener)
        if endpoint is not None and (body.include_fenced_brokers or not registration.fenced):
            brokers.append(
                DescribeClusterBroker(
                    broker_id=broker_id,
                    host=endpoint.host,
                    port=endpoint.port,
                    rack=registration.rack,
                    is_fenced=registration.fenced,
                )
            )
    request.reply(
        DescribeClusterResponse(
            cluster_id=broker.identity.cluster_id,
            controller_id=controller_of(broker),
            brokers=brokers,
            cluster_authorized_operations=ON_CLUSTER
            if body.include_cluster_authorized_operations
            else NOT_TOLD,
        )
    )
