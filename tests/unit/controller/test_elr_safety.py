"""Eligible leader replicas when min.insync.replicas changes (R14)."""

from __future__ import annotations

import pytest
from minikafka.controller.configs import DELETE, SET, ConfigChange, incremental
from minikafka.controller.elr_safety import elr_safe
from minikafka.controller.image import BROKER_RESOURCE, CLUSTER_DEFAULT, TOPIC_RESOURCE, ConfigResource
from minikafka.controller.view import ClusterView
from minikafka.errors import ErrorCode, Rejected

from tests.unit.controller.builders import cluster, partition, state_of, three_brokers

TOPIC = ConfigResource(TOPIC_RESOURCE, "orders")
EVERYONE = ConfigResource(BROKER_RESOURCE, CLUSTER_DEFAULT)
ONE_BROKER = ConfigResource(BROKER_RESOURCE, "1")


def altered(view: ClusterView, resource: ConfigResource, name: str, value: str | None) -> ClusterView:
    operation = DELETE if value is None else SET
    return view.after(elr_safe(view, incremental(view, resource, [ConfigChange(name, operation, value)])))


def two_eligible(**options: bool) -> ClusterView:
    eligible = partition(0, isr=(1,), elr=(2, 3))
    leaderless = partition(1, isr=(), leader=-1, last_known_elr=(2,))
    return cluster(*three_brokers(), eligible, leaderless, partition(2), **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("resource", [TOPIC, EVERYONE], ids=["topic", "all brokers"])
def test_r14_another_min_isr_empties_the_elr(resource: ConfigResource) -> None:
    """R14: who was eligible under the old one may lack what counts under the new one; a partition epoch says that
    something changed, and partitions without such a list are not touched."""
    view = altered(two_eligible(), resource, "min.insync.replicas", "2")
    first, second, third = (state_of(view, index) for index in range(3))
    assert (first.elr, first.partition_epoch, second.last_known_elr) == ((), 10, ())
    assert third.partition_epoch == 9


def test_r14_other_settings_leave_the_elr_alone() -> None:
    """R14: and without the feature there is nothing to empty."""
    assert state_of(altered(two_eligible(), TOPIC, "retention.ms", "1")).elr == (2, 3)
    off = two_eligible(elr=False)
    assert altered(off, ONE_BROKER, "min.insync.replicas", "2").image.broker_configs(1) == {
        "min.insync.replicas": "2"
    }


@pytest.mark.parametrize(
    ("resource", "value"), [(ONE_BROKER, "2"), (EVERYONE, None)], ids=["one broker", "removed"]
)
def test_r14_brokers_may_not_disagree_about_min_isr(resource: ConfigResource, value: str | None) -> None:
    """R14: one broker's own value, or each broker's own again, is INVALID_CONFIG [40]."""
    view = altered(two_eligible(), EVERYONE, "min.insync.replicas", "2")
    with pytest.raises(Rejected) as refusal:
        altered(view, resource, "min.insync.replicas", value)
    assert refusal.value.code is ErrorCode.INVALID_CONFIG
