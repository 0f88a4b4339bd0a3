"""Finalized features: which updates are allowed."""

from __future__ import annotations

import pytest
from minikafka.controller.features import (
    SAFE_DOWNGRADE,
    UPGRADE,
    FeatureUpdate,
    initial_levels,
    update_features,
)
from minikafka.errors import ConfigError, ErrorCode, Rejected
from minikafka.wire.records.cluster_metadata import BrokerFeature, FeatureLevelRecord, RegisterBrokerRecord

from tests.unit.controller.builders import applied, broker, cluster, partition

IMAGE = cluster(broker(1), partition()).image


@pytest.mark.parametrize(
    "update",
    [
        FeatureUpdate("no.such.feature", 1),
        FeatureUpdate("transaction.version", 3),
        FeatureUpdate("transaction.version", -1),
        FeatureUpdate("transaction.version", 1, UPGRADE),
        FeatureUpdate("transaction.version", 2, 9),
        FeatureUpdate("metadata.version", 29, SAFE_DOWNGRADE),
    ],
)
def test_c2_refused_updates(update: FeatureUpdate) -> None:
    """C2: unknown, unsupported or undeclared downward moves are INVALID_UPDATE_VERSION."""
    with pytest.raises(Rejected) as refused:
        update_features(IMAGE, [update])
    assert refused.value.code is ErrorCode.INVALID_UPDATE_VERSION


def test_c2_one_bad_update_spoils_all() -> None:
    """C2: all or nothing."""
    good = FeatureUpdate("transaction.version", 1, SAFE_DOWNGRADE)
    with pytest.raises(Rejected):
        update_features(IMAGE, [good, FeatureUpdate("group.version", 7)])
    assert len(update_features(IMAGE, [good])) == 1


def test_c2_level_0_disables_a_feature() -> None:
    """C2: a disabled feature is no longer finalized."""
    view = cluster(broker(1), partition())
    records = update_features(view.image, [FeatureUpdate("group.version", 0, SAFE_DOWNGRADE)])
    after = applied(view, records).image
    assert "group.version" not in after.features
    assert after.features_epoch == after.offset


def test_c2_a_broker_that_lacks_the_level_holds_it_back() -> None:
    """C2: nobody finalizes what a registered broker cannot do."""
    old = broker(2)
    assert isinstance(old, RegisterBrokerRecord)
    old.features = [BrokerFeature(name="group.version", min_supported_version=0, max_supported_version=0)]
    view = cluster(broker(1), old, partition())
    down = applied(view, update_features(view.image, [FeatureUpdate("group.version", 0, SAFE_DOWNGRADE)]))
    with pytest.raises(Rejected) as refused:
        update_features(down.image, [FeatureUpdate("group.version", 1)])
    assert "Broker 2" in refused.value.why


def test_a_new_cluster_starts_at_the_highest_levels_unless_told() -> None:
    """`--feature transaction.version=1`."""
    records = initial_levels({"transaction.version": 1})
    levels = {each.name: each.feature_level for each in records if isinstance(each, FeatureLevelRecord)}
    assert (levels["transaction.version"], levels["group.version"]) == (1, 1)
    with pytest.raises(ConfigError):
        initial_levels({"transaction.version": 9})
