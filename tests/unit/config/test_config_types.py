"""The generated TypedDicts are the tables'."""

from __future__ import annotations

from minikafka.config import TOPIC_SETTINGS, BrokerConfig, TopicConfig, broker_settings_table


def test_every_setting_can_be_completed_by_an_editor() -> None:
    """`tools/gen_config_types.py` was run after the last change to the tables."""
    assert set(TopicConfig.__annotations__) == set(TOPIC_SETTINGS)
    assert set(BrokerConfig.__annotations__) == set(broker_settings_table())
