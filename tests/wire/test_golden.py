"""The codec against frames that Apache Kafka's classes wrote, on any machine."""

from __future__ import annotations

from minikafka.wire import codec

from tests.wire.golden import SEED, cases, read_golden
from tests.wire.random_values import random_value


def test_golden_frames_cover_every_message_at_every_version() -> None:
    """A schema bump without new golden frames is noticed."""
    assert set(read_golden()) == {(message.name, version) for message, version in cases()}


def test_values_are_written_as_java_wrote_them() -> None:
    """The bytes of each golden value are Java's."""
    golden = read_golden()
    for message, version in cases():
        value = random_value(message, version, SEED)
        assert golden[message.name, version] == codec.encode_message(value, version), (
            f"{message.name} v{version}"
        )


def test_java_frames_are_read_as_the_values_they_were() -> None:
    """Each golden frame decodes to its value."""
    golden = read_golden()
    for message, version in cases():
        value = random_value(message, version, SEED)
        decoded = codec.decode_message(type(value), version, golden[message.name, version])
        assert value == decoded, f"{message.name} v{version}"
