"""Replaying metadata records into an image: one small function per record, and the table that finds it.

Only what a record touches is copied; the rest is shared with the image before. Records this broker has no use
for (quotas, ACLs, SCRAM, tokens) are skipped, as an old broker skips what a newer controller writes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Final, cast

from minikafka.controller.image import (
    BrokerRegistration,
    ConfigResource,
    Endpoint,
    MetadataImage,
    TopicImage,
)
from minikafka.partition.state import PartitionState
from minikafka.types import BrokerId, Offset, TopicId
from minikafka.wire.message import Message
from minikafka.wire.records.cluster_metadata import (
    BrokerRegistrationChangeRecord,
    ClearElrRecord,
    ConfigRecord,
    FeatureLevelRecord,
    FenceBrokerRecord,
    PartitionChangeRecord,
    PartitionRecord,
    ProducerIdsRecord,
    RegisterBrokerRecord,
    RemoveTopicRecord,
    TopicRecord,
    UnfenceBrokerRecord,
    UnregisterBrokerRecord,
)

NO_LEADER_CHANGE: Final = -2
NO_RECOVERY_STATE_CHANGE: Final = -1
FENCE: Final = 1
UNFENCE: Final = -1
IN_CONTROLLED_SHUTDOWN: Final = 1
"""How change records say "as before", and what else."""


def replay(image: MetadataImage, records: Sequence[Message], last_offset: Offset) -> MetadataImage:
    """The image after these records, which have consecutive offsets up to `last_offset`."""
    draft = Draft(image, last_offset - len(records))
    for record in records:
        draft.offset += 1
        step = STEPS.get(type(record))
        if step is not None:
            step(draft, record)
    return draft.image()


class Draft:
    """The next image while it is made: copies of what was touched, over the image before."""

    def __init__(self, before: MetadataImage, offset: Offset) -> None:
        """`offset`: of the record being replayed, so at first one before the first."""
        self._partitions: dict[str, dict[int, PartitionState]] = {}
        self.offset = offset
        self.topics = dict(before.topics)
        self.topic_names = dict(before.topic_names)
        self.brokers = dict(before.brokers)
        self.configs = dict(before.configs)
        self.features = dict(before.features)
        self.features_epoch = before.features_epoch
        self.next_producer_id = before.next_producer_id
        self.removed_leader_epoch = before.removed_leader_epoch
        self.removed_partition_epoch = before.removed_partition_epoch

    def partitions_of(self, topic_id: TopicId) -> dict[int, PartitionState]:
        """The partitions of a topic, to be changed."""
        name = self.topic_names[topic_id]
        partitions = self._partitions.get(name)
        if partitions is None:
            partitions = self._partitions[name] = dict(self.topics[name].partitions)
        return partitions

    def forget_topic(self, topic_id: TopicId) -> str:
        name = self.topic_names.pop(topic_id)
        partitions = self.topics.pop(name).partitions
        for state in self._partitions.pop(name, partitions).values():
            self.removed_leader_epoch = max(self.removed_leader_epoch, state.leader_epoch)
            self.removed_partition_epoch = max(self.removed_partition_epoch, state.partition_epoch)
        return name

    def image(self) -> MetadataImage:
        for name, partitions in self._partitions.items():
            self.topics[name] = replace(self.topics[name], partitions=MappingProxyType(partitions))
        return MetadataImage(
            self.offset,
            MappingProxyType(self.topics),
            MappingProxyType(self.topic_names),
            MappingProxyType(self.brokers),
            MappingProxyType(self.configs),
            MappingProxyType(self.features),
            self.features_epoch,
            self.next_producer_id,
            self.removed_leader_epoch,
            self.removed_partition_epoch,
        )


def _topic(draft: Draft, record: TopicRecord) -> None:
    draft.topics[record.name] = TopicImage(record.name, record.topic_id, MappingProxyType({}))
    draft.topic_names[record.topic_id] = record.name


def _remove_topic(draft: Draft, record: RemoveTopicRecord) -> None:
    name = draft.forget_topic(record.topic_id)
    draft.configs.pop(ConfigResource(2, name), None)


def _partition(draft: Draft, record: PartitionRecord) -> None:
    draft.partitions_of(record.topic_id)[record.partition_id] = PartitionState(
        topic_id=record.topic_id,
        partition=record.partition_id,
        replicas=tuple(record.replicas),
        isr=tuple(sorted(record.isr)),
        leader=record.leader,
        leader_epoch=record.leader_epoch,
        partition_epoch=record.partition_epoch,
        leader_recovery_state=record.leader_recovery_state,
        elr=tuple(sorted(record.eligible_leader_replicas or ())),
        adding=tuple(sorted(record.adding_replicas)),
        removing=tuple(sorted(record.removing_replicas)),
        last_known_elr=tuple(record.last_known_elr or ()),
        directories=tuple(record.directories or ()),
    )


def _partition_change(draft: Draft, record: PartitionChangeRecord) -> None:
    partitions = draft.partitions_of(record.topic_id)
    partitions[record.partition_id] = merged(partitions[record.partition_id], record)


def _clear_elr(draft: Draft, record: ClearElrRecord) -> None:
    """R14: of one topic, or of all when none is named. Kafka raises the partition epoch here too."""
    for name in [record.topic_name] if record.topic_name else list(draft.topics):
        topic = draft.topics.get(name)
        if topic is None or not any(state.elr or state.last_known_elr for state in topic.partitions.values()):
            continue
        partitions = draft.partitions_of(topic.topic_id)
        for index, state in list(partitions.items()):
            if state.elr or state.last_known_elr:
                partitions[index] = state._replace(
                    elr=(), last_known_elr=(), partition_epoch=state.partition_epoch + 1
                )


def merged(state: PartitionState, record: PartitionChangeRecord) -> PartitionState:
    """R10: the partition epoch rises on every change, the leader epoch only when the leader field is written,
    even with the leader it had."""
    leader_written = record.leader != NO_LEADER_CHANGE
    kept_recovery = record.leader_recovery_state == NO_RECOVERY_STATE_CHANGE
    return PartitionState(
        topic_id=state.topic_id,
        partition=state.partition,
        replicas=state.replicas if record.replicas is None else tuple(record.replicas),
        isr=_changed(state.isr, record.isr),
        leader=record.leader if leader_written else state.leader,
        leader_epoch=state.leader_epoch + (1 if leader_written else 0),
        partition_epoch=state.partition_epoch + 1,
        leader_recovery_state=state.leader_recovery_state if kept_recovery else record.leader_recovery_state,
        elr=_changed(state.elr, record.eligible_leader_replicas),
        adding=_changed(state.adding, record.adding_replicas),
        removing=_changed(state.removing, record.removing_replicas),
        last_known_elr=_changed(state.last_known_elr, record.last_known_elr),
        directories=_directories(state, record),
    )


def _directories(state: PartitionState, record: PartitionChangeRecord) -> tuple[bytes, ...]:
    """A record that changes the replicas and leaves the directories out keeps those of who stays."""
    if record.directories is not None:
        return tuple(record.directories)
    if record.replicas is None or not state.directories:
        return state.directories
    return tuple(state.directory_of(replica) for replica in record.replicas)


def _changed(before: tuple[BrokerId, ...], given: list[BrokerId] | None) -> tuple[BrokerId, ...]:
    return before if given is None else tuple(sorted(given))


def _register_broker(draft: Draft, record: RegisterBrokerRecord) -> None:
    draft.brokers[record.broker_id] = BrokerRegistration(
        broker_id=record.broker_id,
        epoch=record.broker_epoch,
        incarnation_id=record.incarnation_id,
        endpoints=MappingProxyType(
            {point.name: Endpoint(point.host, point.port, record.rack) for point in record.end_points}
        ),
        rack=record.rack,
        fenced=record.fenced,
        in_controlled_shutdown=record.in_controlled_shutdown,
        log_dirs=tuple(record.log_dirs),
        supported_features=MappingProxyType(
            {
                feature.name: (feature.min_supported_version, feature.max_supported_version)
                for feature in record.features
            }
        ),
    )


def _unregister_broker(draft: Draft, record: UnregisterBrokerRecord) -> None:
    draft.brokers.pop(record.broker_id, None)


def _broker_change(draft: Draft, record: BrokerRegistrationChangeRecord) -> None:
    broker = draft.brokers[record.broker_id]
    assert broker.epoch == record.broker_epoch, "a change names the registration it changes"
    draft.brokers[record.broker_id] = replace(
        broker,
        fenced={FENCE: True, UNFENCE: False}.get(record.fenced, broker.fenced),
        in_controlled_shutdown=(
            broker.in_controlled_shutdown or record.in_controlled_shutdown == IN_CONTROLLED_SHUTDOWN
        ),
        log_dirs=tuple(record.log_dirs) or broker.log_dirs,
    )


def _fence(draft: Draft, record: FenceBrokerRecord) -> None:
    draft.brokers[record.id] = replace(draft.brokers[record.id], fenced=True)


def _unfence(draft: Draft, record: UnfenceBrokerRecord) -> None:
    draft.brokers[record.id] = replace(draft.brokers[record.id], fenced=False)


def _config(draft: Draft, record: ConfigRecord) -> None:
    resource = ConfigResource(record.resource_type, record.resource_name)
    values = dict(draft.configs.get(resource, {}))
    if record.value is None:
        values.pop(record.name, None)
    else:
        values[record.name] = record.value
    if values:
        draft.configs[resource] = MappingProxyType(values)
    else:
        draft.configs.pop(resource, None)


def _feature_level(draft: Draft, record: FeatureLevelRecord) -> None:
    if record.feature_level == 0:
        draft.features.pop(record.name, None)
    else:
        draft.features[record.name] = record.feature_level
    draft.features_epoch = draft.offset


def _producer_ids(draft: Draft, record: ProducerIdsRecord) -> None:
    draft.next_producer_id = record.next_producer_id


Step = Callable[[Draft, Message], None]

STEPS: Final = cast(
    "dict[type[Message], Step]",
    {
        TopicRecord: _topic,
        RemoveTopicRecord: _remove_topic,
        PartitionRecord: _partition,
        PartitionChangeRecord: _partition_change,
        ClearElrRecord: _clear_elr,
        RegisterBrokerRecord: _register_broker,
        UnregisterBrokerRecord: _unregister_broker,
        BrokerRegistrationChangeRecord: _broker_change,
        FenceBrokerRecord: _fence,
        UnfenceBrokerRecord: _unfence,
        ConfigRecord: _config,
        FeatureLevelRecord: _feature_level,
        ProducerIdsRecord: _producer_ids,
    },
)
"""Record -> what it does. Everything else in the log is skipped."""
