"""The hash that every broker, and Kafka's files, must agree on."""

from __future__ import annotations

import pytest
from minikafka.coordinator.java_hash import partition_for, string_hash


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", 0),
        ("a", 97),
        ("hello", 99162322),
        ("polygenelubricants", -(2**31)),
        ("my-transactional-id", -959806496),
        ("é", 233),
        ("\U0001f600", 1772899),
    ],
)
def test_string_hash_is_javas(text: str, expected: int) -> None:
    """`String.hashCode` over UTF-16 code units, signed and wrapping."""
    assert string_hash(text) == expected


def test_t1_the_smallest_hash_is_partition_zero() -> None:
    """-2^31 has no positive twin; Kafka's `abs` makes it 0."""
    assert partition_for("polygenelubricants", 50) == 0


def test_g1_negative_hashes_count_by_their_absolute_value() -> None:
    """Not by the low bits: that would be another partition than Kafka's."""
    assert partition_for("my-transactional-id", 50) == 959806496 % 50
    assert partition_for("hello", 50) == 99162322 % 50
