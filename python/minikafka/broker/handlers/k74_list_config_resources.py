"""ListConfigResources (API 74), versions 0 to 1: what there is that may have settings.

v0 lists metric subscriptions, which do not exist here. v1 (KIP-1142) lists the types asked for, or all: topics, brokers
and their loggers, and the groups for which something is set. Another type is UNSUPPORTED_VERSION [35].
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from minikafka.broker.request import Request
from minikafka.controller.image import BROKER_RESOURCE, GROUP_RESOURCE, TOPIC_RESOURCE, MetadataImage
from minikafka.errors import ErrorCode
from minikafka.types import Now
from minikafka.wire.messages.list_config_resources import (
    ConfigResource,
    ListConfigResourcesRequest,
    ListConfigResourcesResponse,
)

if TYPE_CHECKING:
    from minikafka.broker.broker import Broker

BROKER_LOGGER: Final = 8
CLIENT_METRICS: Final = 16
TYPES: Final = (TOPIC_RESOURCE, BROKER_RESOURCE, BROKER_LOGGER, CLIENT_METRICS, GROUP_RESOURCE)


def handle(broker: Broker, request: Request[ListConfigResourcesRequest], now: Now) -> None:
    """By type, then by name."""
    asked = [CLIENT_METRICS] if request.api_version == 0 else request.body.resource_types or TYPES
    if any(kind not in TYPES for kind in asked):
        request.reply(ListConfigResourcesResponse(error_code=int(ErrorCode.UNSUPPORTED_VERSION)))
        return
    found = [
        ConfigResource(name, kind) for kind in TYPES if kind in asked for name in _names(broker.image, kind)
    ]
    request.reply(ListConfigResourcesResponse(config_resources=found))


def _names(image: MetadataImage, kind: int) -> Iterable[str]:
    if kind == TOPIC_RESOURCE:
        return sorted(image.topics)
    if kind in (BROKER_RESOURCE, BROKER_LOGGER):
        return [str(broker_id) for broker_id in sorted(image.brokers)]
    return sorted(
        resource.name for resource, configs in image.configs.items() if resource.type == kind and configs
    )
