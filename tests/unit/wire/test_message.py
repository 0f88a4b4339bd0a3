"""Message classes as values."""

from __future__ import annotations

import pytest
from minikafka.wire.message import ZERO_UUID
from minikafka.wire.messages.fetch import FetchTopic
from minikafka.wire.messages.metadata import MetadataRequest
from minikafka.wire.messages.produce import PartitionProduceData, ProduceRequest


def test_fields_have_kafkas_defaults() -> None:
    """Zero values, an empty list per instance, null only where Kafka's default is null."""
    assert FetchTopic().topic_id == ZERO_UUID
    assert ProduceRequest().transactional_id is None
    assert ProduceRequest().topic_data == []
    assert ProduceRequest().topic_data is not ProduceRequest().topic_data


def test_none_and_not_given_differ() -> None:
    """`MetadataRequest(topics=None)` asks for all topics, the default for none."""
    assert MetadataRequest().topics == []
    assert MetadataRequest(topics=None).topics is None


def test_messages_are_equal_by_their_fields() -> None:
    """And whatever kind of buffer holds the records."""
    assert PartitionProduceData(1, b"x") == PartitionProduceData(1, memoryview(b"x"))
    assert PartitionProduceData(1, b"x") != PartitionProduceData(2, b"x")
    assert PartitionProduceData(1, b"x") != (1, b"x")


def test_messages_are_not_hashable() -> None:
    """They are mutable."""
    with pytest.raises(TypeError):
        hash(FetchTopic())


def test_records_are_shown_by_their_size() -> None:
    """A trace line must not hold a megabyte."""
    shown = repr(PartitionProduceData(1, memoryview(bytes(1000))))
    assert shown == "PartitionProduceData(index=1, records=<1000 bytes>)"
