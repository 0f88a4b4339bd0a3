"""Settings: Kafka's dotted names, types, units and defaults, resolved into typed values."""

from __future__ import annotations

from minikafka.config.broker_settings import BROKER_SETTINGS, BrokerSettings
from minikafka.config.config_types import BrokerConfig, TopicConfig
from minikafka.config.group_settings import (
    GroupPace,
    broker_synonym,
    check_group_configs,
    group_settings,
    pace_of,
)
from minikafka.config.internal_topics import (
    CLUSTER_METADATA,
    CONSUMER_OFFSETS,
    INTERNAL_TOPICS,
    TRANSACTION_STATE,
    InternalTopic,
    internal_topic,
)
from minikafka.config.profiles import PROFILES, profile_values
from minikafka.config.setting import ConfigValue, Setting, SettingType, SettingValue, config_text
from minikafka.config.sources import (
    Layer,
    Provenance,
    Resolved,
    broker_settings_table,
    environment_layer,
    properties_layer,
    resolve,
)
from minikafka.config.topic_settings import SYNONYMS, TOPIC_SETTINGS, TopicSettings, topic_setting

__all__ = [
    "BROKER_SETTINGS",
    "CLUSTER_METADATA",
    "CONSUMER_OFFSETS",
    "INTERNAL_TOPICS",
    "PROFILES",
    "SYNONYMS",
    "TOPIC_SETTINGS",
    "TRANSACTION_STATE",
    "BrokerConfig",
    "BrokerSettings",
    "ConfigValue",
    "GroupPace",
    "InternalTopic",
    "Layer",
    "Provenance",
    "Resolved",
    "Setting",
    "SettingType",
    "SettingValue",
    "TopicConfig",
    "TopicSettings",
    "broker_settings_table",
    "broker_synonym",
    "check_group_configs",
    "config_text",
    "environment_layer",
    "group_settings",
    "internal_topic",
    "pace_of",
    "profile_values",
    "properties_layer",
    "resolve",
    "topic_setting",
]
