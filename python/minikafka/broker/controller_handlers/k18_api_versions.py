"""ApiVersions (API 18) of the controller, versions 0 to 5: what it serves to brokers, and the features
(C1, C2).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from minikafka.broker.request import Request
from minikafka.controller.features import SUPPORTED_FEATURES
from minikafka.types import Now
from minikafka.wire.messages.api_versions import (
    ApiVersion,
    ApiVersionsRequest,
    ApiVersionsResponse,
    FinalizedFeatureKey,
    SupportedFeatureKey,
)

if TYPE_CHECKING:
    from minikafka.broker.controller_node import ControllerNode


def handle(node: ControllerNode, request: Request[ApiVersionsRequest], now: Now) -> None:
    """The controller's own table."""
    from minikafka.broker.controller_handlers import SERVED_BY_CONTROLLER

    request.reply(
        ApiVersionsResponse(
            api_keys=[
                ApiVersion(api_key=key, min_version=served.min, max_version=served.max)
                for key, served in sorted(SERVED_BY_CONTROLLER.items())
            ],
            supported_features=[
                SupportedFeatureKey(name=name, min_version=low, max_version=high)
                for name, (low, high) in sorted(SUPPORTED_FEATURES.items())
                if low > 0 or request.api_version >= 4
            ],
            finalized_features_epoch=node.image.features_epoch,
            finalized_features=[
                FinalizedFeatureKey(name=name, max_version_level=level, min_version_level=level)
                for name, level in sorted(node.image.features.items())
            ],
        )
    )
