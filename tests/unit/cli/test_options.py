"""Arguments become a cluster."""

from __future__ import annotations

import argparse

import pytest
from minikafka.cli.options import add_cluster_options, cluster_spec, pairs
from minikafka.errors import ConfigError
from minikafka.runtime.spec import ClusterSpec, TopicSpec


def spec_of(*words: str) -> ClusterSpec:
    parser = argparse.ArgumentParser()
    add_cluster_options(parser)
    return cluster_spec(parser.parse_args(words))


def test_broker_i_listens_on_the_port_after() -> None:
    """P, P+1, P+2; port 0 leaves the choice to the system."""
    assert spec_of("-n", "3", "-p", "9092").ports == [9092, 9093, 9094]
    assert spec_of("-n", "3", "-p", "0").ports is None
    with pytest.raises(ConfigError, match="not all ports"):
        spec_of("-n", "3", "-p", "65535")


def test_advertised_ports_count_up_like_the_real_ones() -> None:
    """Broker i is told as PORT+i-1; without a port, its own."""
    spec = spec_of("-n", "2", "--advertise", "kafka.example:19092")
    assert [spec.advertised_address(broker, 1) for broker in (1, 2)] == [
        ("kafka.example", 19092),
        ("kafka.example", 19093),
    ]
    assert spec_of("--advertise", "kafka.example").advertised_address(1, 5) == ("kafka.example", 5)


def test_settings_come_strongest_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """`-c` beats the environment, which beats the profile."""
    monkeypatch.setenv("KAFKA_NUM_PARTITIONS", "7")
    monkeypatch.setenv("KAFKA_DEFAULT_REPLICATION_FACTOR", "1")
    settings = spec_of("-n", "3", "-c", "num.partitions=9").settings(1)
    assert (settings.num_partitions, settings.default_replication_factor) == (9, 1)


def test_topics_are_read_with_their_numbers() -> None:
    """NAME[:PARTITIONS[:RF]], and nothing else."""
    assert TopicSpec.parse("orders:3:2") == ("orders", 3, 2)
    assert TopicSpec.parse("orders") == ("orders", -1, -1)
    for wrong in ("orders:x", ":3", "a:1:1:1", "orders:0"):
        with pytest.raises(ConfigError):
            TopicSpec.parse(wrong)


def test_pairs_keep_equal_signs_of_the_value() -> None:
    """Only the first one separates."""
    assert pairs(["a=b=c"], "-c KEY=VALUE") == {"a": "b=c"}
    with pytest.raises(ConfigError, match="not -c KEY=VALUE"):
        pairs(["a"], "-c KEY=VALUE")
