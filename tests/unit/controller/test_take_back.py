"""An earlier image is decided anew at the end of the log, and whatever counts goes on."""

from __future__ import annotations

from minikafka.controller.image import ConfigResource, MetadataImage
from minikafka.controller.take_back import forgotten, take_back
from minikafka.types import NO_LEADER
from minikafka.wire.message import Message
from minikafka.wire.records.cluster_metadata import (
    ConfigRecord,
    FeatureLevelRecord,
    PartitionChangeRecord,
    PartitionRecord,
    ProducerIdsRecord,
    RegisterBrokerRecord,
    RemoveTopicRecord,
    TopicRecord,
)

A, B = b"a" * 16, b"b" * 16


def after(image: MetadataImage, *records: Message) -> MetadataImage:
    return image.apply(records, image.offset + len(records))


def partition(topic_id: bytes, leader: int, isr: list[int]) -> PartitionRecord:
    return PartitionRecord(
        topic_id=topic_id, partition_id=0, replicas=[1, 2], isr=isr, leader=leader, leader_epoch=0
    )


THEN = after(
    MetadataImage(),
    FeatureLevelRecord(name="transaction.version", feature_level=2),
    RegisterBrokerRecord(broker_id=1, broker_epoch=1),
    TopicRecord(name="a", topic_id=A),
    partition(A, 1, [1, 2]),
    TopicRecord(name="b", topic_id=B),
    partition(B, 2, [2]),
    ConfigRecord(resource_type=2, resource_name="a", name="retention.ms", value="1"),
    ConfigRecord(resource_type=4, resource_name="", name="unclean.leader.election.enable", value="true"),
)
NOW = after(
    THEN,
    PartitionChangeRecord(topic_id=A, partition_id=0, leader=2),
    PartitionChangeRecord(topic_id=A, partition_id=0, leader=1),
    PartitionChangeRecord(topic_id=B, partition_id=0, leader=2),
    RemoveTopicRecord(topic_id=B),
    ConfigRecord(resource_type=4, resource_name="", name="unclean.leader.election.enable", value=None),
    ConfigRecord(resource_type=4, resource_name="1", name="log.retention.ms", value="5"),
    FeatureLevelRecord(name="transaction.version", feature_level=1),
    ProducerIdsRecord(next_producer_id=7000),
)


def test_topics_settings_and_features_are_as_they_were() -> None:
    """Under their own ids; brokers register anew."""
    back = after(NOW, *take_back(NOW, THEN, (1, 2)))
    assert {name: topic.topic_id for name, topic in back.topics.items()} == {"a": A, "b": B}
    assert (back.configs, back.features) == (THEN.configs, THEN.features)
    assert ConfigResource(4, "1") not in back.configs
    assert back.brokers == {}
    for name in ("a", "b"):
        state, before = back.topics[name].partitions[0], THEN.topics[name].partitions[0]
        assert (state.replicas, state.isr, state.leader) == (before.replicas, before.isr, before.leader)


def test_every_epoch_is_above_all_that_were_and_producer_ids_go_on() -> None:
    """Also that of a topic that was deleted in between, and of one taken back twice."""
    back = after(NOW, *take_back(NOW, THEN, (1, 2)))
    a, b = (back.topics[name].partitions[0] for name in ("a", "b"))
    assert a.leader_epoch > NOW.topics["a"].partitions[0].leader_epoch
    assert a.partition_epoch > NOW.topics["a"].partitions[0].partition_epoch
    assert b.leader_epoch > 1
    assert back.features_epoch > NOW.features_epoch
    assert back.next_producer_id == 7000
    again = after(back, *take_back(back, THEN, (1, 2)))
    assert again.topics["a"].partitions[0].leader_epoch > a.leader_epoch
    assert again.topics["b"].partitions[0].leader_epoch > b.leader_epoch


def test_a_leader_that_is_not_started_is_none() -> None:
    """Its ISR stays: whoever of it comes first leads."""
    back = after(NOW, *take_back(NOW, THEN, (1,)))
    b = back.topics["b"].partitions[0]
    assert (b.leader, b.isr) == (NO_LEADER, (2,))


def test_who_begins_to_read_behind_the_removals_comes_to_the_same_image() -> None:
    """So a restore costs the same however many there were before it."""
    records, gone = take_back(NOW, THEN, (1, 2)), len(forgotten(NOW))
    all_of_it = after(NOW, *records)
    late = after(MetadataImage(NOW.offset + gone), *records[gone:])
    assert late.offset == all_of_it.offset
    assert (late.topics, late.topic_names, late.configs) == (
        all_of_it.topics,
        all_of_it.topic_names,
        all_of_it.configs,
    )
    assert (late.features, late.features_epoch) == (all_of_it.features, all_of_it.features_epoch)
    assert late.brokers == all_of_it.brokers
