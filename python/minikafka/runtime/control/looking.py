"""The answer of one node to a question. Reads the node between two turns and changes nothing."""

from __future__ import annotations

from collections.abc import Iterable

from minikafka.broker.broker import Broker
from minikafka.broker.controller_node import ControllerNode
from minikafka.controller.image import MetadataImage
from minikafka.effects import Node
from minikafka.group.classic.group import ClassicGroup
from minikafka.group.consumer.group import ConsumerGroup
from minikafka.group.shard import GroupShard
from minikafka.log.producer_state import ProducerState
from minikafka.partition.partition import Partition
from minikafka.runtime.control.views import (
    ALL,
    CommittedView,
    GroupView,
    MemberView,
    NodeView,
    ParkedView,
    PartitionView,
    ProducerView,
    Question,
    ReplicaOffsets,
    ReplicaView,
    TransactionView,
)
from minikafka.types import CONTROLLER_ID, NO_EPOCH, NO_OFFSET, TopicPartition


def look(node: Node, question: Question) -> NodeView | None:
    """What `question` finds at `node`; None for a node of another kind, which says nothing about itself."""
    if isinstance(node, Broker):
        return _broker(node, question)
    if isinstance(node, ControllerNode):
        return _view(node.image, question)._replace(
            node=CONTROLLER_ID, state="running", is_running=True, metadata_from=node.metadata_from
        )
    return None


def _view(image: MetadataImage, question: Question) -> NodeView:
    """What the metadata alone says."""
    return NodeView(
        node=CONTROLLER_ID,
        state="",
        is_running=False,
        broker_epoch=NO_EPOCH,
        metadata_offset=image.offset,
        active_brokers=image.active_brokers(),
        features=dict(image.features),
        partitions=_partitions(image, question),
        replicas=[],
        groups=[],
        transactions=[],
        parked=[],
    )


def _broker(broker: Broker, question: Question) -> NodeView:
    return _view(broker.image, question)._replace(
        node=broker.broker_id,
        state=broker.lifecycle.state.value,
        is_running=broker.is_running,
        broker_epoch=broker.broker_epoch,
        replicas=[_replica(one, question) for one in _replicas(broker, question)],
        groups=[] if question.group is None else _groups(broker, question.group),
        transactions=_transactions(broker) if question.transactions else [],
        parked=_parked(broker) if question.parked else [],
    )


def _partitions(image: MetadataImage, question: Question) -> list[PartitionView]:
    if question.topic is None:
        return []
    names = sorted(image.topics) if question.topic == ALL else [question.topic]
    topics = [topic for name in names if (topic := image.topic(name)) is not None]
    return [
        PartitionView(
            topic.name,
            index,
            state.leader,
            state.leader_epoch,
            state.partition_epoch,
            list(state.replicas),
            sorted(state.isr),
            sorted(state.elr),
        )
        for topic in topics
        for index, state in sorted(topic.partitions.items())
        if question.partition in (None, index)
    ]


def _replicas(broker: Broker, question: Question) -> Iterable[Partition]:
    if question.topic is None:
        return ()
    if question.topic != ALL and question.partition is not None:
        one = broker.replicas.get(TopicPartition(question.topic, question.partition))
        return () if one is None else (one,)
    return (
        replica
        for replica in broker.replicas.all()
        if question.topic in (ALL, replica.topic_partition.topic)
        and question.partition in (None, replica.topic_partition.partition)
    )


def _replica(replica: Partition, question: Question) -> ReplicaView:
    name = replica.topic_partition
    return ReplicaView(
        name.topic,
        name.partition,
        replica.is_leader,
        replica.leader_epoch,
        replica.partition_epoch,
        ReplicaOffsets(*replica.progress()),
        replica.log.recovery_point,
        replica.isr,
        sorted(replica.maximal_isr),
        replica.offline is not None,
        [_producer(one) for one in replica.log.producers.all()] if question.producers else [],
    )


def _producer(state: ProducerState) -> ProducerView:
    return ProducerView(
        state.producer_id,
        state.epoch,
        state.last_sequence,
        state.batches[-1].last_offset if state.batches else NO_OFFSET,
        state.last_timestamp_ms,
        state.current_transaction_first_offset,
    )


def _groups(broker: Broker, wanted: str) -> list[GroupView]:
    """The groups this broker coordinates."""
    runtime = broker.groups
    if not runtime.partition_count:
        return []
    if wanted != ALL:
        shard = runtime.shard(runtime.partition_for(wanted))
        found = None if shard is None else _group(shard, wanted)
        return [] if found is None else [found]
    return [
        view
        for _, shard in runtime.shards()
        for group_id in _group_ids(shard)
        if (view := _group(shard, group_id)) is not None
    ]


def _group_ids(shard: GroupShard) -> list[str]:
    return sorted({*shard.groups.by_id, *shard.groups.consumer, *shard.offsets.groups()})


def _group(shard: GroupShard, group_id: str) -> GroupView | None:
    committed = [
        CommittedView(name.topic, name.partition, found.offset)
        for name, found in sorted(shard.offsets.of_group(group_id), key=lambda entry: entry[0])
    ]
    consumer = shard.groups.consumer.get(group_id)
    if consumer is not None:
        members = _consumer_members(consumer)
        return GroupView(group_id, "consumer", consumer.state.value, consumer.epoch, members, committed)
    classic = shard.groups.get(group_id)
    if classic is not None:
        members = _classic_members(classic)
        return GroupView(group_id, "classic", classic.state.value, classic.generation_id, members, committed)
    return GroupView(group_id, "none", "Dead", 0, [], committed) if committed else None


def _classic_members(group: ClassicGroup) -> list[MemberView]:
    return [
        MemberView(
            member.member_id,
            member.client_id,
            member.client_host,
            member.instance_id,
            group.generation_id,
            bytes(member.assignment),
            [],
        )
        for member in group.members.values()
    ]


def _consumer_members(group: ConsumerGroup) -> list[MemberView]:
    return [
        MemberView(
            member.member_id,
            member.client_id,
            member.client_host,
            member.instance_id,
            member.epoch,
            b"",
            sorted((slot.topic_id.hex(), slot.partition) for slot in member.assigned),
        )
        for member in group.members.values()
    ]


def _transactions(broker: Broker) -> list[TransactionView]:
    return [
        TransactionView(
            one.transactional_id,
            one.state.display_name,
            one.producer_id,
            one.producer_epoch,
            one.timeout_ms,
            one.start_timestamp_ms,
            sorted(one.partitions),
        )
        for _, shard in broker.transactions.shards()
        for one in shard.transactions()
    ]


def _parked(broker: Broker) -> list[ParkedView]:
    return [
        ParkedView(name, deadline_ms, [f"{mark.partition} {mark.bound.name}" for mark in marks])
        for name, purgatory in (("produce", broker.produce_purgatory), ("fetch", broker.fetch_purgatory))
        for deadline_ms, marks in purgatory.parked()
    ]
