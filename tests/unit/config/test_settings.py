"""Settings: types, limits, and where topics get their defaults."""

from __future__ import annotations

import pytest
from minikafka.config import (
    BROKER_SETTINGS,
    TOPIC_SETTINGS,
    BrokerSettings,
    SettingType,
    TopicSettings,
    broker_settings_table,
)
from minikafka.config.setting import LONG_MAX
from minikafka.errors import ConfigError


@pytest.mark.parametrize(
    ("name", "given", "expected"),
    [
        ("min.insync.replicas", "2", 2),
        ("min.insync.replicas", 2, 2),
        ("unclean.leader.election.enable", True, True),
        ("unclean.leader.election.enable", "TRUE", True),
        ("cleanup.policy", "compact, delete", ("compact", "delete")),
        ("min.cleanable.dirty.ratio", "0.25", 0.25),
        ("flush.messages", str(LONG_MAX), LONG_MAX),
        ("message.timestamp.type", " LogAppendTime ", "LogAppendTime"),
    ],
)
def test_values_have_kafkas_types(name: str, given: str | int | bool, expected: object) -> None:
    """Text, numbers and truth values all mean the same."""
    assert TOPIC_SETTINGS[name].parse(given) == expected


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("min.insync.replicas", "0"),
        ("min.insync.replicas", "two"),
        ("min.insync.replicas", str(2**31)),
        ("min.insync.replicas", "1.5"),
        ("unclean.leader.election.enable", "yes"),
        ("cleanup.policy", "shred"),
        ("message.timestamp.type", "createtime"),
    ],
)
def test_bad_values_are_refused_by_name(name: str, given: str) -> None:
    """The message names the value and the setting, as Kafka's does."""
    with pytest.raises(ConfigError, match=f"Invalid value {given} for configuration {name}"):
        TOPIC_SETTINGS[name].parse(given)


def test_rendering_is_what_describe_configs_shows() -> None:
    """Typed value back to text."""
    assert TOPIC_SETTINGS["cleanup.policy"].render(("compact", "delete")) == "compact,delete"
    assert TOPIC_SETTINGS["preallocate"].render(False) == "false"
    assert BROKER_SETTINGS["broker.rack"].render(None) is None


def test_defaults_are_kafkas() -> None:
    """The faithful values of a few that matter most."""
    topic, broker = TopicSettings(), BrokerSettings()
    assert (topic.min_insync_replicas, topic.segment_bytes, topic.retention_ms) == (1, 1 << 30, 604_800_000)
    assert (topic.max_message_bytes, topic.message_timestamp_after_max_ms) == (1_048_588, 3_600_000)
    assert (broker.replica_lag_time_max_ms, broker.broker_session_timeout_ms) == (30_000, 9_000)
    assert (broker.num_partitions, broker.default_replication_factor) == (1, 1)


def test_a_topics_own_setting_wins_over_the_brokers() -> None:
    """Topic, broker's matching setting, default: in that order."""
    broker = BrokerSettings().with_overrides({"message.max.bytes": "100", "log.segment.bytes": "200"})
    topic = broker.topic_defaults.with_overrides({"max.message.bytes": "50"})
    assert (topic.max_message_bytes, topic.segment_bytes, topic.index_interval_bytes) == (50, 200, 4096)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"log.retention.hours": 1}, 3_600_000),
        ({"log.retention.hours": 1, "log.retention.minutes": 2}, 120_000),
        ({"log.retention.hours": 1, "log.retention.minutes": 2, "log.retention.ms": 3}, 3),
        ({"log.retention.hours": -1}, -1),
    ],
)
def test_finer_units_win(given: dict[str, str | int | bool], expected: int) -> None:
    """Of hours, minutes and milliseconds the finest one given counts; -1 stays "for ever"."""
    assert BrokerSettings().with_overrides(given).topic_defaults.retention_ms == expected


def test_an_unknown_topic_setting_is_refused() -> None:
    """In Kafka's words."""
    with pytest.raises(ConfigError, match=r"Unknown topic config name: no\.such"):
        TopicSettings().with_overrides({"no.such": "1"})


def test_every_default_passes_its_own_limits() -> None:
    """The whole table is consistent: what we would write, we would read."""
    for setting in [*broker_settings_table().values(), *TOPIC_SETTINGS.values()]:
        text = setting.render(setting.default)
        if text is not None and setting.type is not SettingType.LIST:
            assert setting.parse(text) == setting.default, setting.name


def test_every_honoured_setting_is_documented() -> None:
    """One line each."""
    undocumented = [one.name for one in [*BROKER_SETTINGS.values(), *TOPIC_SETTINGS.values()] if not one.doc]
    assert undocumented == []
