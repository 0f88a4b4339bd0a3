"""Sources of settings: which wins, what is an error, what is only listed."""

from __future__ import annotations

import pytest
from minikafka.config import Layer, environment_layer, properties_layer, resolve
from minikafka.config.sources import setting_name_of
from minikafka.errors import ConfigError


def test_the_strongest_source_wins() -> None:
    """Command line, environment, file, profile, default."""
    command = Layer("-c", {"num.partitions": 5})
    environment = environment_layer({"KAFKA_NUM_PARTITIONS": "4", "KAFKA_MIN_INSYNC_REPLICAS": "2"})
    file = properties_layer(
        "server.properties", "num.partitions=3\nlog.retention.ms=9\nreplica.lag.time.max.ms=7"
    )
    resolved = resolve([command, environment, file], profile="fast", brokers=3)
    assert resolved.broker.num_partitions == 5
    assert resolved.broker.topic_defaults.min_insync_replicas == 2
    assert resolved.broker.topic_defaults.retention_ms == 9
    assert resolved.broker.replica_lag_time_max_ms == 7
    assert resolved.broker.group_initial_rebalance_delay_ms == 0
    assert resolved.broker.offsets_commit_timeout_ms == 5000
    sources = {name: origin.source for name, origin in resolved.given.items()}
    assert sources["num.partitions"] == "-c"
    assert sources["min.insync.replicas"] == "environment"
    assert sources["log.retention.ms"] == "server.properties"
    assert sources["group.initial.rebalance.delay.ms"] == "profile fast"


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("min.insync.replica", "min.insync.replicas"),
        ("retention.ms", "log.retention.ms"),
        ("max.message.bytes", "message.max.bytes"),
        ("auto.create.topic.enable", "auto.create.topics.enable"),
    ],
)
def test_an_unknown_name_is_an_error_with_the_nearest_known_one(name: str, hint: str) -> None:
    """Also a topic's setting given to a broker."""
    with pytest.raises(ConfigError, match=f"did you mean '{hint}'"):
        resolve([Layer("-c", {name: 1})])


def test_the_environment_may_hold_names_of_others() -> None:
    """KAFKA_OPTS is a variable of the Java tools; it is listed, not an error."""
    resolved = resolve([environment_layer({"KAFKA_OPTS": "-X", "PATH": "/", "KAFKA_NODE_ID": "1"})])
    assert resolved.ignored == ("opts",)
    assert "node.id" in resolved.given


def test_known_but_unimplemented_settings_are_listed_once_given() -> None:
    """They are taken without effect; what the profile sets is not the user's doing."""
    resolved = resolve([Layer("-c", {"ssl.keystore.location": "x", "num.partitions": 2})])
    assert resolved.unimplemented == ("ssl.keystore.location",)


@pytest.mark.parametrize(
    ("variable", "name"),
    [
        ("KAFKA_LOG_SEGMENT_BYTES", "log.segment.bytes"),
        ("KAFKA_A__B", "a_b"),
        ("KAFKA_A___B", "a-b"),
        ("KAFKA_LISTENER_NAME_CLIENT___X_SASL", "listener.name.client-x.sasl"),
    ],
)
def test_environment_names(variable: str, name: str) -> None:
    """The Apache image's mapping."""
    assert setting_name_of(variable) == name


def test_a_properties_file() -> None:
    """Comments, both separators, continuation, empty values, '=' in values."""
    text = "# c\n! c\n\n a = 1 \nb:2\nc=x\\\n  y\nd=\nlisteners=PLAINTEXT://:9092,A=B\n"
    assert properties_layer("f", text).values == {
        "a": "1",
        "b": "2",
        "c": "xy",
        "d": "",
        "listeners": "PLAINTEXT://:9092,A=B",
    }
    with pytest.raises(ConfigError, match="no '=' in line 'novalue'"):
        properties_layer("f", "novalue")
