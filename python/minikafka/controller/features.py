"""Finalized features: the levels the whole cluster agreed on, which change what clients do (C2, KIP-584).

Clients see them in ApiVersions, with an epoch that only rises, so a level can be moved while clients are
connected. A level may rise or fall within what this controller and every registered broker support; falling
must be asked for by name (safe or unsafe downgrade). A request with one bad update changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final, NamedTuple

from minikafka.controller.image import MetadataImage
from minikafka.errors import ConfigError, ErrorCode, Rejected
from minikafka.wire.message import Message
from minikafka.wire.records.cluster_metadata import FeatureLevelRecord

METADATA_VERSION: Final = "metadata.version"
TRANSACTION_VERSION: Final = "transaction.version"
GROUP_VERSION: Final = "group.version"
ELIGIBLE_LEADER_REPLICAS: Final = "eligible.leader.replicas.version"
SHARE_VERSION: Final = "share.version"
STREAMS_VERSION: Final = "streams.version"

FIXED_METADATA_VERSION: Final = 33
"""4.4-IV2, the level of a fresh Kafka 4.4 cluster. It decides the form of the records in the metadata log."""

SUPPORTED_FEATURES: Final[Mapping[str, tuple[int, int]]] = MappingProxyType(
    {
        METADATA_VERSION: (FIXED_METADATA_VERSION, FIXED_METADATA_VERSION),
        TRANSACTION_VERSION: (0, 2),
        GROUP_VERSION: (0, 1),
        ELIGIBLE_LEADER_REPLICAS: (0, 1),
        SHARE_VERSION: (0, 1),
        STREAMS_VERSION: (0, 1),
    }
)
"""Feature -> lowest and highest level, both inclusive. A new cluster finalizes the highest of each."""

UPGRADE: Final = 1
SAFE_DOWNGRADE: Final = 2
UNSAFE_DOWNGRADE: Final = 3
"""What an update says it is. Before version 1 of the request: `allow_downgrade`."""


class FeatureUpdate(NamedTuple):
    """One level asked for."""

    feature: str
    level: int
    upgrade_type: int = UPGRADE


def initial_levels(overrides: Mapping[str, int]) -> list[Message]:
    """The records of a new cluster. Raises ConfigError for a feature or level that does not exist."""
    for feature, level in overrides.items():
        low, high = SUPPORTED_FEATURES.get(feature, (0, 0))
        if feature not in SUPPORTED_FEATURES or not low <= level <= high:
            raise ConfigError(f"feature {feature!r} has no level {level}")
    return [
        FeatureLevelRecord(name=feature, feature_level=overrides.get(feature, high))
        for feature, (_, high) in SUPPORTED_FEATURES.items()
    ]


def update_features(image: MetadataImage, updates: Sequence[FeatureUpdate]) -> list[Message]:
    """The records that make the updates true. Raises Rejected [95] for the first that may not be, [42] for a
    feature named twice."""
    if len({update.feature for update in updates}) != len(updates):
        raise Rejected(ErrorCode.INVALID_REQUEST, "a feature is updated twice in one request")
    records: list[Message] = []
    for update in updates:
        _check(image, update)
        if update.level != image.feature(update.feature):
            records.append(FeatureLevelRecord(name=update.feature, feature_level=update.level))
    return records


def _check(image: MetadataImage, update: FeatureUpdate) -> None:
    current = image.feature(update.feature)
    if update.upgrade_type not in (UPGRADE, SAFE_DOWNGRADE, UNSAFE_DOWNGRADE):
        raise _invalid(update, "The controller does not support the given upgrade type.")
    if update.level < 0:
        raise _invalid(update, "A feature version cannot be less than 0.")
    _check_supported(image, update)
    if update.level < current and update.upgrade_type == UPGRADE:
        why = "Can't downgrade the version of this feature without setting the upgrade type"
        raise _invalid(update, f"{why} to either safe or unsafe downgrade.")
    if update.level > current and update.upgrade_type != UPGRADE:
        raise _invalid(update, "Can't downgrade to a newer version.")


def _check_supported(image: MetadataImage, update: FeatureUpdate) -> None:
    """Level 0 means disabled, which everybody can do unless the feature starts higher (metadata.version)."""
    if update.feature not in SUPPORTED_FEATURES:
        raise _invalid(update, "Local controller does not support this feature.")
    nodes = [("Local controller 1000", SUPPORTED_FEATURES[update.feature])]
    for broker_id in sorted(image.brokers):
        supported = image.brokers[broker_id].supported_features.get(update.feature, (0, 0))
        nodes.append((f"Broker {broker_id}", supported))
    for node, (low, high) in nodes:
        if not low <= update.level <= high:
            raise _invalid(update, f"{node} only supports versions {low}-{high}")


def _invalid(update: FeatureUpdate, why: str) -> Rejected:
    said = f"Invalid update version {update.level} for feature {update.feature}. {why}"
    return Rejected(ErrorCode.INVALID_UPDATE_VERSION, said)
