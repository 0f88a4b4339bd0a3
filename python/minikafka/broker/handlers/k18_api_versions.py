"""ApiVersions (API 18), versions 0 to 5.

v3 flexible, client software name and version; finalized features (C2). v4 features whose minimum is 0. v5 the node and
cluster the client believes it talks to. The response header is always version 0, so that a client can read it whatever
it guessed (C1); an unknown version is answered in `broker/router.py`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from minikafka.broker.request import Request
from minikafka.errors import ErrorCode
from minikafka.types import Now
from minikafka.wire.messages.api_versions import (
    ApiVersion,
    ApiVersionsRequest,
    ApiVersionsResponse,
    FinalizedFeatureKey,
    SupportedFeatureKey,
)
from minikafka.wire.support import SERVED

if TYPE_CHECKING:
    from minikafka.broker.broker import Broker

SOFTWARE: Final = re.compile(r"[a-zA-Z0-9](?:[a-zA-Z0-9\-.]*[a-zA-Z0-9])?")
INTERNAL_ONLY: Final = frozenset({56, 58, 62, 63, 67})
"""AlterPartition, Envelope, BrokerRegistration, BrokerHeartbeat, AllocateProducerIds: the controller's."""


def handle(broker: Broker, request: Request[ApiVersionsRequest], now: Now) -> None:
    """What is served here, and which features are finalized."""
    body = request.body
    if request.api_version >= 3 and not _is_valid(body):
        request.reply(ApiVersionsResponse(error_code=int(ErrorCode.INVALID_REQUEST)))
        return
    if body.node_id >= 0 and (body.cluster_id, body.node_id) != (
        broker.identity.cluster_id,
        broker.broker_id,
    ):
        request.reply(ApiVersionsResponse(error_code=int(ErrorCode.REBOOTSTRAP_REQUIRED)))
        return
    request.reply(
        ApiVersionsResponse(
            api_keys=[
                ApiVersion(api_key=key, min_version=served.advertised_min, max_version=served.max)
                for key, served in sorted(SERVED.items())
                if key not in INTERNAL_ONLY
            ],
            supported_features=[
                SupportedFeatureKey(name=name, min_version=low, max_version=high)
                for name, (low, high) in sorted(broker.supported_features.items())
                # KIP-1022: before v4 a client may refuse a minimum of 0.
                if low > 0 or request.api_version >= 4
            ],
            finalized_features_epoch=broker.image.features_epoch,
            finalized_features=[
                FinalizedFeatureKey(name=name, max_version_level=level, min_version_level=level)
                for name, level in sorted(broker.image.features.items())
                if level > 0
            ],
        )
    )


def _is_valid(body: ApiVersionsRequest) -> bool:
    names_both = (body.cluster_id is None) == (body.node_id < 0)
    return names_both and bool(
        SOFTWARE.fullmatch(body.client_software_name) and SOFTWARE.fullmatch(body.client_software_version)
    )
