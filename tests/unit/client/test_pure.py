"""The parts of the client that touch nothing: partitioner, assignor, batches cut short, settings."""

from __future__ import annotations

import pytest
from minikafka.client.assignment import (
    assign_by_range,
    assigned_partitions,
    encoded_assignment,
    encoded_subscription,
    subscribed_topics,
)
from minikafka.client.fetched import Aborted, batches_from, whole_batches
from minikafka.client.partitioner import murmur2, partition_of
from minikafka.client.producer import acks_of
from minikafka.client.settings import ClientSettings
from minikafka.errors import ConfigError
from minikafka.log.batch import build_batch, build_end_transaction_marker
from minikafka.types import TopicPartition


@pytest.mark.parametrize(
    ("key", "hashed"),
    [
        (b"21", -973932308),
        (b"foobar", -790332482),
        (b"a-little-bit-long-string", -985981536),
        (b"a-little-bit-longer-string", -1486304829),
        (b"abc", 479470107),
    ],
)
def test_keys_hash_as_in_java(key: bytes, hashed: int) -> None:
    """The values of Kafka's own test, signed there."""
    assert murmur2(key) == hashed & 0xFFFFFFFF
    assert partition_of(key, 7) == (hashed & 0x7FFFFFFF) % 7


def test_a_range_is_contiguous_and_the_first_members_get_more() -> None:
    """Only among those who subscribe to the topic."""
    assigned = assign_by_range({"b": ["t", "u"], "a": ["t"], "c": []}, {"t": [0, 1, 2], "u": [0]})
    assert assigned == {"a": {"t": [0, 1]}, "b": {"t": [2], "u": [0]}, "c": {}}


def test_the_consumer_protocol_goes_there_and_back() -> None:
    """Subscription and assignment; no bytes are no partitions."""
    assert subscribed_topics(encoded_subscription(["t", "u"])) == ["t", "u"]
    assert assigned_partitions(encoded_assignment({"t": [1, 0]})) == [
        TopicPartition("t", 0),
        TopicPartition("t", 1),
    ]
    assert assigned_partitions(b"") == []


def batch(offset: int, value: bytes, producer_id: int = -1) -> bytes:
    return build_batch(
        [(0, None, value, ())], base_offset=offset, producer_id=producer_id, transactional=producer_id >= 0
    )


def test_a_batch_cut_short_is_left_for_the_next_fetch() -> None:
    """Whatever the place of the cut."""
    one, two = batch(0, b"a"), batch(1, b"b")
    for cut in range(len(two)):
        assert whole_batches(one + two[:cut]) == one
    assert whole_batches(one + two) == one + two


def test_t11_what_was_aborted_is_not_read() -> None:
    """From the first offset told until the marker; a later transaction of the same producer counts."""
    marker = build_end_transaction_marker(
        producer_id=7, producer_epoch=0, commit=False, coordinator_epoch=0, timestamp=0
    )
    marker = bytes(8)[:7] + b"\x02" + marker[8:]
    data = batch(0, b"no", 7) + batch(1, b"other") + marker + batch(3, b"yes", 7)

    def values(aborted: list[Aborted] | None) -> list[bytes | None]:
        return [record.value for each in batches_from(data, 0, aborted) for record in each.records]

    assert values(None) == [b"no", b"other", b"yes"]
    assert values([Aborted(0, 7)]) == [b"other", b"yes"]


def test_addresses_and_properties_are_read() -> None:
    """A port may be left out; IPv6 stands in brackets."""
    settings = ClientSettings.of("a:1, b ,[::1]:2", {"request.timeout.ms": "1500"})
    assert settings.bootstrap == (("a", 1), ("b", 9092), ("::1", 2))
    assert settings.timeout_s == 1.5
    assert settings.tls is None


@pytest.mark.parametrize(
    ("address", "properties", "said"),
    [
        ("a:b", {}, "is not HOST:PORT"),
        ("a:70000", {}, "is not HOST:PORT"),
        ("a:1", {"security.protocoll": "SSL"}, "did you mean 'security.protocol'"),
        ("a:1", {"security.protocol": "TLS"}, "security.protocol is one of"),
        ("a:1", {"security.protocol": "SASL_SSL", "sasl.username": "u"}, "sasl.password"),
        ("a:1", {"security.protocol": "SASL_PLAINTEXT", "sasl.mechanism": "GSSAPI"}, "sasl.mechanism is one"),
        ("a:1", {"security.protocol": "SSL", "ssl.ca.location": "/nowhere"}, "cannot use the certificates"),
        ("a:1", {"request.timeout.ms": "soon"}, "request.timeout.ms"),
    ],
)
def test_settings_that_make_no_sense_are_refused(address: str, properties: dict[str, str], said: str) -> None:
    """With the name that was meant."""
    with pytest.raises(ConfigError, match=said):
        ClientSettings.of(address, properties)


def test_acks_are_all_one_or_none() -> None:
    """Nothing in between."""
    assert [acks_of(text) for text in ("all", "-1", "1", "0")] == [-1, -1, 1, 0]
    with pytest.raises(ConfigError, match="not 'most'"):
        acks_of("most")
