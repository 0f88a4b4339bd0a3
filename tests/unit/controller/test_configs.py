"""Settings changed while brokers run."""

from __future__ import annotations

import pytest
from minikafka.config import BrokerSettings
from minikafka.controller.configs import (
    APPEND,
    DELETE,
    SET,
    SUBTRACT,
    ConfigChange,
    incremental,
    replace_all,
)
from minikafka.controller.image import BROKER_RESOURCE, GROUP_RESOURCE, TOPIC_RESOURCE, ConfigResource
from minikafka.errors import ErrorCode, Rejected

from tests.unit.controller.builders import applied, cluster, partition, three_brokers

ORDERS = ConfigResource(TOPIC_RESOURCE, "orders")
EVERYONE = ConfigResource(BROKER_RESOURCE, "")
VIEW = cluster(*three_brokers(), partition(), configs={"retention.ms": "7", "cleanup.policy": "delete"})


def after(*changes: ConfigChange) -> dict[str, str]:
    return dict(applied(VIEW, incremental(VIEW, ORDERS, changes)).image.topic_configs("orders"))


def test_set_delete_append_and_subtract() -> None:
    """Each operation touches its own setting and leaves the others."""
    assert after(ConfigChange("min.insync.replicas", SET, "2")) == {
        "retention.ms": "7",
        "cleanup.policy": "delete",
        "min.insync.replicas": "2",
    }
    assert after(ConfigChange("retention.ms", DELETE, None)) == {"cleanup.policy": "delete"}
    assert after(ConfigChange("cleanup.policy", APPEND, "compact"))["cleanup.policy"] == "delete,compact"
    both = after(ConfigChange("cleanup.policy", SUBTRACT, "delete"), ConfigChange("retention.ms", SET, "8"))
    assert both == {"cleanup.policy": "", "retention.ms": "8"}


def test_a_change_that_changes_nothing_writes_nothing() -> None:
    """The log does not grow by repetition."""
    assert incremental(VIEW, ORDERS, [ConfigChange("retention.ms", SET, "7")]) == []


@pytest.mark.parametrize(
    ("resource", "change", "code"),
    [
        (
            ConfigResource(TOPIC_RESOURCE, "nobody"),
            ConfigChange("retention.ms", SET, "1"),
            "UNKNOWN_TOPIC_OR_PARTITION",
        ),
        (ORDERS, ConfigChange("no.such", SET, "1"), "INVALID_CONFIG"),
        (ORDERS, ConfigChange("no.such", DELETE, None), "INVALID_CONFIG"),
        (ORDERS, ConfigChange("retention.ms", SET, "soon"), "INVALID_CONFIG"),
        (ORDERS, ConfigChange("retention.ms", SET, None), "INVALID_REQUEST"),
        (ORDERS, ConfigChange("retention.ms", APPEND, "1"), "INVALID_CONFIG"),
        (ORDERS, ConfigChange("retention.ms", 9, "1"), "INVALID_REQUEST"),
        (
            ConfigResource(BROKER_RESOURCE, "one"),
            ConfigChange("message.max.bytes", SET, "1"),
            "INVALID_REQUEST",
        ),
        (
            ConfigResource(BROKER_RESOURCE, "²"),
            ConfigChange("message.max.bytes", SET, "1"),
            "INVALID_REQUEST",
        ),
        (
            ConfigResource(BROKER_RESOURCE, "9" * 5000),
            ConfigChange("message.max.bytes", SET, "1"),
            "INVALID_REQUEST",
        ),
        (EVERYONE, ConfigChange("node.id", SET, "1"), "INVALID_REQUEST"),
        (
            ConfigResource(GROUP_RESOURCE, ""),
            ConfigChange("consumer.session.timeout.ms", SET, "1"),
            "INVALID_REQUEST",
        ),
        (ConfigResource(8, "1"), ConfigChange("x", SET, "1"), "INVALID_REQUEST"),
    ],
)
def test_refusals(resource: ConfigResource, change: ConfigChange, code: str) -> None:
    """What does not exist, may not change or does not parse is refused before it is written."""
    with pytest.raises(Rejected) as refused:
        incremental(VIEW, resource, [change])
    assert refused.value.code is ErrorCode[code]


def test_the_same_setting_twice_is_refused() -> None:
    """One request, one value per setting."""
    twice = [ConfigChange("retention.ms", SET, "1"), ConfigChange("retention.ms", SET, "2")]
    with pytest.raises(Rejected) as refused:
        incremental(VIEW, ORDERS, twice)
    assert refused.value.code is ErrorCode.INVALID_REQUEST


def test_the_older_request_replaces_everything() -> None:
    """AlterConfigs: what is not given goes back to its default."""
    records = replace_all(VIEW, ORDERS, [("min.insync.replicas", "2")])
    assert applied(VIEW, records).image.topic_configs("orders") == {"min.insync.replicas": "2"}


def test_a_cluster_wide_default_reaches_every_topic() -> None:
    """A dynamic broker setting gives topics their default; the topic's own value wins."""
    records = incremental(VIEW, EVERYONE, [ConfigChange("min.insync.replicas", SET, "2")])
    view = applied(VIEW, records)
    assert view.topic_settings("orders").min_insync_replicas == 2
    assert view.topic_settings("orders").retention_ms == 7


def test_a_brokers_own_setting_wins_over_the_default_of_all() -> None:
    """Dynamic settings: own, then everyone's."""
    one = ConfigResource(BROKER_RESOURCE, "1")
    view = applied(VIEW, incremental(VIEW, EVERYONE, [ConfigChange("message.max.bytes", SET, "5")]))
    view = applied(view, incremental(view, one, [ConfigChange("message.max.bytes", SET, "6")]))
    assert [view.image.broker_configs(each)["message.max.bytes"] for each in (1, 2)] == ["6", "5"]


PACED = ConfigResource(GROUP_RESOURCE, "paced")


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        ("consumer.session.timeout.ms", "44999", "in the range 45000 to 60000"),
        ("consumer.session.timeout.ms", "60001", "in the range 45000 to 60000"),
        ("consumer.heartbeat.interval.ms", "4999", "in the range 5000 to 15000"),
        ("consumer.assignment.interval.ms", "15001", "in the range 0 to 15000"),
        ("session.timeout.ms", "50000", "Unknown group config name"),
    ],
)
def test_g16_a_groups_settings_stay_within_the_brokers_bounds(name: str, value: str, why: str) -> None:
    """INVALID_CONFIG [40], and nothing is written; Apache Kafka 4.4 refuses the same ones."""
    for records in (
        lambda: incremental(VIEW, PACED, [ConfigChange(name, SET, value)]),
        lambda: replace_all(VIEW, PACED, [(name, value)]),
    ):
        with pytest.raises(Rejected, match=why) as refused:
            records()
        assert refused.value.code is ErrorCode.INVALID_CONFIG


def test_g16_a_session_is_longer_than_the_heartbeat_interval() -> None:
    """What is set and what it would be beside have to go together, whichever of them comes second."""
    wide = BrokerSettings(
        group_consumer_min_session_timeout_ms=1_000, group_consumer_min_heartbeat_interval_ms=100
    )
    view = cluster(*three_brokers(), settings=wide)
    short = [ConfigChange("consumer.session.timeout.ms", SET, "5000")]
    with pytest.raises(Rejected, match=r"must be greater than consumer\.heartbeat\.interval\.ms"):
        incremental(view, PACED, short)
    both = [*short, ConfigChange("consumer.heartbeat.interval.ms", SET, "500")]
    view = applied(view, incremental(view, PACED, both))
    assert view.image.group_configs("paced") == {
        "consumer.session.timeout.ms": "5000",
        "consumer.heartbeat.interval.ms": "500",
    }
    with pytest.raises(Rejected, match="must be greater than"):
        incremental(view, PACED, [ConfigChange("consumer.heartbeat.interval.ms", DELETE, None)])
