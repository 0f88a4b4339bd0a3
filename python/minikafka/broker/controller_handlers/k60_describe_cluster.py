"""DescribeCluster (API 60), versions 0 to 2, on the controller's own listener: which cluster this is (KIP-919).

A broker that is started alone asks before it registers. The controller is in no bootstrap list, so it lists nobody.
Version 0 cannot ask for controllers and is always refused.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from minikafka.broker.request import Request
from minikafka.errors import ErrorCode
from minikafka.types import CONTROLLER_ID, Now
from minikafka.wire.messages.describe_cluster import DescribeClusterRequest, DescribeClusterResponse

if TYPE_CHECKING:
    from minikafka.broker.controller_node import ControllerNode

CONTROLLERS: Final = 2


def handle(node: ControllerNode, request: Request[DescribeClusterRequest], now: Now) -> None:
    """The cluster's id."""
    if request.body.endpoint_type != CONTROLLERS:
        response = DescribeClusterResponse(
            error_code=int(ErrorCode.MISMATCHED_ENDPOINT_TYPE),
            error_message="this is the controller's listener; brokers are asked of a broker",
        )
    else:
        response = DescribeClusterResponse(
            cluster_id=node.controller.cluster_id, controller_id=CONTROLLER_ID, endpoint_type=CONTROLLERS
        )
    request.reply(response)
