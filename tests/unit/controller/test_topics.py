"""Topics: names, placement, assignments, growth, deletion."""

from __future__ import annotations

import pytest
from minikafka.config import BrokerSettings
from minikafka.controller.placement import place
from minikafka.controller.topics import (
    MorePartitions,
    NewTopic,
    create_partitions,
    create_topic,
    delete_topic,
)
from minikafka.errors import ErrorCode, Rejected
from minikafka.wire.records.cluster_metadata import ConfigRecord, PartitionRecord

from tests.unit.controller.builders import TOPIC_ID, broker, cluster, partition, three_brokers

NEW_ID = bytes(15) + b"\x08"


def refusal(asked: NewTopic, *records: object) -> ErrorCode:
    view = cluster(*(records or three_brokers()), partition())  # type: ignore[arg-type]
    with pytest.raises(Rejected) as refused:
        create_topic(view, asked, NEW_ID)
    return refused.value.code


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        (NewTopic(""), ErrorCode.INVALID_TOPIC_EXCEPTION),
        (NewTopic(".."), ErrorCode.INVALID_TOPIC_EXCEPTION),
        (NewTopic("no spaces"), ErrorCode.INVALID_TOPIC_EXCEPTION),
        (NewTopic("x" * 250), ErrorCode.INVALID_TOPIC_EXCEPTION),
        (NewTopic("orders"), ErrorCode.TOPIC_ALREADY_EXISTS),
        (NewTopic("__cluster_metadata"), ErrorCode.INVALID_REQUEST),
        (NewTopic("new", 0, 1), ErrorCode.INVALID_PARTITIONS),
        (NewTopic("new", -2, 1), ErrorCode.INVALID_PARTITIONS),
        (NewTopic("new", 1, 0), ErrorCode.INVALID_REPLICATION_FACTOR),
        (NewTopic("new", 1, 4), ErrorCode.INVALID_REPLICATION_FACTOR),
        (NewTopic("new", 1, -1, ((0, (1,)),)), ErrorCode.INVALID_REQUEST),
        (NewTopic("new", -1, 1, ((0, (1,)),)), ErrorCode.INVALID_REQUEST),
        (NewTopic("new", -1, -1, ((0, (1,)), (0, (2,)))), ErrorCode.INVALID_REPLICA_ASSIGNMENT),
        (NewTopic("new", -1, -1, ((1, (1,)),)), ErrorCode.INVALID_REPLICA_ASSIGNMENT),
        (NewTopic("new", -1, -1, ((0, ()),)), ErrorCode.INVALID_REPLICA_ASSIGNMENT),
        (NewTopic("new", -1, -1, ((0, (1, 1)),)), ErrorCode.INVALID_REPLICA_ASSIGNMENT),
        (NewTopic("new", -1, -1, ((0, (9,)),)), ErrorCode.INVALID_REPLICA_ASSIGNMENT),
        (NewTopic("new", -1, -1, ((0, (1,)), (1, (1, 2)))), ErrorCode.INVALID_REPLICA_ASSIGNMENT),
        (NewTopic("new", 1, 1, (), (("no.such.setting", "1"),)), ErrorCode.INVALID_CONFIG),
        (NewTopic("new", 1, 1, (), (("min.insync.replicas", "none"),)), ErrorCode.INVALID_CONFIG),
        (NewTopic("new", 1, 1, (), (("min.insync.replicas", None),)), ErrorCode.INVALID_CONFIG),
    ],
)
def test_create_topics_refusals(asked: NewTopic, code: ErrorCode) -> None:
    """Each bad topic has the error Kafka gives it."""
    assert refusal(asked) is code


def test_names_that_differ_in_dot_and_underscore_collide() -> None:
    """`a.b` and `a_b` would have the same metric names."""
    view = cluster(*three_brokers(), partition())
    records, _ = create_topic(view, NewTopic("a.b", 1, 1), NEW_ID)
    grown = cluster(*three_brokers(), partition(), *records)
    with pytest.raises(Rejected) as collided:
        create_topic(grown, NewTopic("a_b", 1, 1), bytes(16))
    assert collided.value.code is ErrorCode.INVALID_TOPIC_EXCEPTION


def test_defaults_come_from_the_settings() -> None:
    """-1 means num.partitions and default.replication.factor."""
    settings = BrokerSettings().with_overrides({"num.partitions": 4, "default.replication.factor": 2})
    view = cluster(*three_brokers(), partition(), settings=settings)
    _, created = create_topic(view, NewTopic("new"), NEW_ID)
    assert (created.partitions, created.replication_factor) == (4, 2)


def test_a_topics_settings_are_written_with_it() -> None:
    """Configs come before the partitions, as in Kafka's log."""
    view = cluster(*three_brokers(), partition())
    records, _ = create_topic(view, NewTopic("new", 1, 1, (), (("retention.ms", "7"),)), NEW_ID)
    assert [type(record).__name__ for record in records] == ["TopicRecord", "ConfigRecord", "PartitionRecord"]
    assert isinstance(records[1], ConfigRecord)
    assert records[1].value == "7"


def test_leaders_take_turns_and_followers_are_spread() -> None:
    """Six partitions on three brokers: two leaderships each, and not always the same second replica."""
    image = cluster(*three_brokers(), partition()).image
    placed = place(image, first_partition=0, count=6, replication_factor=2)
    leaders = [replicas[0] for replicas in placed]
    assert sorted(leaders) == [1, 1, 2, 2, 3, 3]
    assert len({replicas for replicas in placed if replicas[0] == 1}) == 2


def test_racks_alternate() -> None:
    """Two racks: the two replicas of a partition are in both."""
    brokers = [broker(1, rack="a"), broker(2, rack="a"), broker(3, rack="b"), broker(4, rack="b")]
    image = cluster(*brokers, partition()).image
    racks = {1: "a", 2: "a", 3: "b", 4: "b"}
    for replicas in place(image, first_partition=0, count=4, replication_factor=2):
        assert {racks[replica] for replica in replicas} == {"a", "b"}


def test_fenced_brokers_hold_replicas_only_when_others_do_not_suffice() -> None:
    """A fenced broker never leads a new partition, and is not in its ISR."""
    view = cluster(broker(1), broker(2), broker(3, fenced=True), partition())
    records, _ = create_topic(view, NewTopic("new", 2, 3), NEW_ID)
    partitions = [record for record in records if isinstance(record, PartitionRecord)]
    assert [sorted(each.isr) for each in partitions] == [[1, 2], [1, 2]]
    assert all(each.replicas[-1] == 3 for each in partitions)
    assert refusal(NewTopic("new", 1, 1), broker(1, fenced=True)) is ErrorCode.INVALID_REPLICATION_FACTOR


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        (MorePartitions("nobody", 3), ErrorCode.UNKNOWN_TOPIC_OR_PARTITION),
        (MorePartitions("orders", 2), ErrorCode.INVALID_PARTITIONS),
        (MorePartitions("orders", 1), ErrorCode.INVALID_PARTITIONS),
        (MorePartitions("orders", 4, ((1, 2, 3),)), ErrorCode.INVALID_REPLICA_ASSIGNMENT),
        (MorePartitions("orders", 3, ((1, 2),)), ErrorCode.INVALID_REPLICA_ASSIGNMENT),
    ],
)
def test_create_partitions_refusals(asked: MorePartitions, code: ErrorCode) -> None:
    """Topics only grow, and an assignment fits exactly."""
    with pytest.raises(Rejected) as refused:
        create_partitions(cluster(*three_brokers(), partition(0), partition(1)), asked)
    assert refused.value.code is code


def test_new_partitions_follow_the_old_ones() -> None:
    """The index goes on; the replication factor stays."""
    view = cluster(*three_brokers(), partition(0), partition(1))
    records = create_partitions(view, MorePartitions("orders", 4))
    assert [
        (each.partition_id, len(each.replicas)) for each in records if isinstance(each, PartitionRecord)
    ] == [
        (2, 3),
        (3, 3),
    ]


def test_f12_deleting_a_topic_forgets_its_id_and_its_settings() -> None:
    """F12: the id never names a topic again; its configs go with it."""
    view = cluster(*three_brokers(), partition(), configs={"retention.ms": "7"})
    image = view.image.apply(delete_topic(view, TOPIC_ID), view.image.offset + 1)
    assert (image.topic("orders"), image.topic_name(TOPIC_ID), dict(image.configs)) == (None, None, {})
    with pytest.raises(Rejected) as refused:
        delete_topic(view, NEW_ID)
    assert refused.value.code is ErrorCode.UNKNOWN_TOPIC_ID


def test_deletion_can_be_switched_off() -> None:
    """delete.topic.enable=false: TOPIC_DELETION_DISABLED."""
    settings = BrokerSettings().with_overrides({"delete.topic.enable": False})
    view = cluster(*three_brokers(), partition(), settings=settings)
    with pytest.raises(Rejected) as refused:
        delete_topic(view, TOPIC_ID)
    assert refused.value.code is ErrorCode.TOPIC_DELETION_DISABLED
