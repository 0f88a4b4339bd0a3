"""UpdateFeatures (API 57), versions 0 to 2: finalized levels move, while clients are connected (C2).

v0 `allow_downgrade`. v1 upgrade types and validate-only. v2 one outcome for the whole, because it is all or
nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from minikafka.broker.request import Request
from minikafka.controller.admin import update_features
from minikafka.controller.features import SAFE_DOWNGRADE, UPGRADE, FeatureUpdate
from minikafka.errors import Rejected
from minikafka.types import Now
from minikafka.wire.messages.update_features import (
    FeatureUpdateKey,
    UpdatableFeatureResult,
    UpdateFeaturesRequest,
    UpdateFeaturesResponse,
)

if TYPE_CHECKING:
    from minikafka.broker.controller_node import ControllerNode


def handle(node: ControllerNode, request: Request[UpdateFeaturesRequest], now: Now) -> None:
    """All or nothing."""
    body = request.body
    # As in Kafka, of a feature named twice the first counts.
    named = {each.feature: each for each in reversed(body.feature_updates)}
    updates = [_update(each, request.api_version, node) for each in reversed(named.values())]
    lists_results = request.api_version < 2

    def answer(_: object) -> UpdateFeaturesResponse:
        done = [UpdatableFeatureResult(feature=update.feature) for update in updates]
        return UpdateFeaturesResponse(error_message=None, results=done if lists_results else [])

    def refuse(refusal: Rejected) -> UpdateFeaturesResponse:
        return UpdateFeaturesResponse(error_code=int(refusal.code), error_message=refusal.why)

    node.write(
        lambda controller, _: update_features(controller, updates, validate_only=body.validate_only),
        answer,
        refuse,
        request,
        now,
    )


def _update(asked: FeatureUpdateKey, version: int, node: ControllerNode) -> FeatureUpdate:
    if version > 0:
        return FeatureUpdate(asked.feature, asked.max_version_level, asked.upgrade_type)
    falls = asked.max_version_level < node.image.feature(asked.feature)
    kind = SAFE_DOWNGRADE if asked.allow_downgrade and falls else UPGRADE
    return FeatureUpdate(asked.feature, asked.max_version_level, kind)
