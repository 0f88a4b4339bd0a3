"""The image: deterministic, immutable, sharing what did not change."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from minikafka.controller.image import MetadataImage
from minikafka.types import CLIENT_LISTENER, TopicPartition
from minikafka.wire.message import Message
from minikafka.wire.records.cluster_metadata import (
    BrokerRegistrationChangeRecord,
    ConfigRecord,
    FeatureLevelRecord,
    NoOpRecord,
    PartitionChangeRecord,
    ProducerIdsRecord,
    RemoveTopicRecord,
    TopicRecord,
)

from tests.unit.controller.builders import TOPIC_ID, broker, cluster, partition, three_brokers

OTHER_ID = bytes(15) + b"\x09"
LOG: list[Message] = [
    FeatureLevelRecord(name="transaction.version", feature_level=2),
    *three_brokers(),
    TopicRecord(name="orders", topic_id=TOPIC_ID),
    partition(0),
    partition(1, leader=2),
    PartitionChangeRecord(topic_id=TOPIC_ID, partition_id=0, leader=3, leader_recovery_state=-1),
    FeatureLevelRecord(name="transaction.version", feature_level=1),
    ConfigRecord(resource_type=2, resource_name="orders", name="retention.ms", value="7"),
    NoOpRecord(),
    TopicRecord(name="other", topic_id=OTHER_ID),
    ProducerIdsRecord(broker_id=1, broker_epoch=101, next_producer_id=1000),
    BrokerRegistrationChangeRecord(broker_id=2, broker_epoch=102, fenced=1),
    RemoveTopicRecord(topic_id=OTHER_ID),
]


@given(st.sets(st.integers(1, len(LOG) - 1)))
def test_every_way_to_cut_the_log_gives_the_same_image(cuts: set[int]) -> None:
    """Brokers fetch the log in chunks of any size; all end with the image the controller has."""
    whole = MetadataImage().apply(LOG, len(LOG) - 1)
    image = MetadataImage()
    start = 0
    for end in [*sorted(cuts), len(LOG)]:
        image = image.apply(LOG[start:end], end - 1)
        start = end
    assert image == whole


def test_an_image_keeps_what_it_said() -> None:
    """Applying records makes a new image; the old one still says what it said, and shares what did not change."""
    before = cluster(*three_brokers(), partition(0)).image
    other = before.apply([TopicRecord(name="other", topic_id=OTHER_ID)], before.offset + 1)
    assert before.topic("other") is None
    assert other.topics["orders"] is before.topics["orders"]


def test_r10_epochs_rise_as_the_records_say() -> None:
    """R10: writing the leader raises both epochs, anything else the partition epoch alone."""
    image = cluster(*three_brokers(), partition(0)).image
    led = PartitionChangeRecord(topic_id=TOPIC_ID, partition_id=0, leader=1, leader_recovery_state=-1)
    shrunk = PartitionChangeRecord(
        topic_id=TOPIC_ID, partition_id=0, leader=-2, isr=[1], leader_recovery_state=-1
    )
    state = image.apply([led, shrunk], image.offset + 2).partition(TopicPartition("orders", 0))
    assert state is not None
    assert (state.leader_epoch, state.partition_epoch, state.isr) == (6, 11, (1,))


def test_what_brokers_ask_of_an_image() -> None:
    """Endpoints, eligibility and epochs; a fenced broker is invisible to clients."""
    image = cluster(broker(1), broker(2, fenced=True), broker(3, leaving=True), partition(0)).image
    assert image.client_endpoint(2, CLIENT_LISTENER) is None
    found = image.client_endpoint(1, CLIENT_LISTENER)
    assert found is not None
    assert (found.host, found.port) == ("localhost", 9001)
    assert (image.active_brokers(), image.unfenced_brokers()) == ([1], [1, 3])
    assert (image.is_fenced(9), image.is_shutting_down(3), image.broker_epoch(9)) == (True, True, None)
