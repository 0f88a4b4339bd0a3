"""Finalized feature levels of a cluster, read and set with raw requests: client libraries have no call for it."""

from __future__ import annotations

from typing import Final

from minikafka.errors import ErrorCode
from minikafka.lab.clients.raw import RawClient
from minikafka.lab.errors import Skipped
from minikafka.wire.messages import api_versions, update_features

UPGRADE: Final = 1
SAFE_DOWNGRADE: Final = 2
API_VERSIONS_VERSION: Final = 3
UPDATE_FEATURES_VERSION: Final = 1


def finalized_feature(servers: str, name: str) -> int:
    """Its level; 0 where it is not finalized. Raises Inconclusive when nobody answers."""
    client = RawClient(servers)
    try:
        request = api_versions.ApiVersionsRequest("minikafka-lab", "1")
        answer = client.ask(client.first, request, API_VERSIONS_VERSION, api_versions.ApiVersionsResponse)
    finally:
        client.close()
    return next((one.max_version_level for one in answer.finalized_features if one.name == name), 0)


def set_feature(servers: str, name: str, level: int) -> None:
    """Up or down; returns when the first broker has heard of it. Raises Skipped when the cluster refuses."""
    before = finalized_feature(servers, name)
    if before == level:
        return
    kind = UPGRADE if level > before else SAFE_DOWNGRADE
    update = update_features.FeatureUpdateKey(feature=name, max_version_level=level, upgrade_type=kind)
    request = update_features.UpdateFeaturesRequest(feature_updates=[update], timeout_ms=30_000)
    client = RawClient(servers)
    try:
        answer = client.ask(
            client.first, request, UPDATE_FEATURES_VERSION, update_features.UpdateFeaturesResponse
        )
        codes = [(answer.error_code, answer.error_message)]
        codes += [(one.error_code, one.error_message) for one in answer.results]
        for code, why in codes:
            if code != ErrorCode.NONE:
                raise Skipped(f"{servers} refuses {name}={level}: {ErrorCode(code).name} {why or ''}")
        client.until(lambda: answer if finalized_feature(servers, name) == level else None, f"{name}={level}")
    finally:
        client.close()
