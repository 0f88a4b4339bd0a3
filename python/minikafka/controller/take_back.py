"""Making the cluster what it was at an earlier offset of its log, with everything that counts going on.

A test puts the brokers' directories back to what they were, and the metadata has to follow. The log itself is never
cut: clients, and brokers, ignore what is older than what they know, by leader epochs, partition epochs, broker epochs
and the epoch of the features. So the earlier image is *decided anew*, at the end of the log: every topic is removed and
made again under its own id, in an epoch above any it ever had; every broker is forgotten, so that it registers as if
for the first time, and takes no place in an ISR with it; producer ids are never given back (I11).

Everything that `then` holds is said, changed or not: so a broker that begins to read the log here, knowing nothing,
comes to the same image as one that reads all of it, and the thousandth restore costs what the first did.

A leader that will not be started is no leader: the first broker of its ISR that comes becomes one.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from minikafka.controller.image import (
    TOPIC_RESOURCE,
    ConfigResource,
    MetadataImage,
)
from minikafka.partition.state import PartitionState
from minikafka.types import NO_LEADER, BrokerId
from minikafka.wire.message import Message
from minikafka.wire.records.cluster_metadata import (
    ConfigRecord,
    FeatureLevelRecord,
    PartitionRecord,
    RemoveTopicRecord,
    TopicRecord,
    UnregisterBrokerRecord,
)


def take_back(now: MetadataImage, then: MetadataImage, brokers: Collection[BrokerId]) -> list[Message]:
    """The records that make `now` into `then`. `brokers`: those that are going to be started."""
    return [
        *forgotten(now),
        *_features(now, then),
        *_topics(now, then, brokers),
        *_configs(now, then),
    ]


def forgotten(now: MetadataImage) -> list[Message]:
    """The first of them: every topic goes, and every broker. Whoever begins to read behind these has missed nothing."""
    topics = [RemoveTopicRecord(topic_id=topic.topic_id) for topic in now.topics.values()]
    brokers = [
        UnregisterBrokerRecord(broker_id=broker.broker_id, broker_epoch=broker.epoch)
        for broker in now.brokers.values()
    ]
    return [*topics, *brokers]


def _features(now: MetadataImage, then: MetadataImage) -> Iterator[Message]:
    for name in sorted({*now.features, *then.features}):
        yield FeatureLevelRecord(name=name, feature_level=then.feature(name))


def _topics(now: MetadataImage, then: MetadataImage, brokers: Collection[BrokerId]) -> Iterator[Message]:
    for topic in then.topics.values():
        yield TopicRecord(name=topic.name, topic_id=topic.topic_id)
        known = now.topic_by_id(topic.topic_id)
        for index, state in topic.partitions.items():
            latest = None if known is None else known.partitions.get(index)
            yield _partition(state, latest, now, brokers)


def _partition(
    state: PartitionState, latest: PartitionState | None, now: MetadataImage, brokers: Collection[BrokerId]
) -> PartitionRecord:
    if latest is None:
        # It was deleted since: in what epoch is forgotten, but not the highest of all that were.
        leader_epoch = max(state.leader_epoch, now.removed_leader_epoch)
        partition_epoch = max(state.partition_epoch, now.removed_partition_epoch)
    else:
        leader_epoch = max(state.leader_epoch, latest.leader_epoch)
        partition_epoch = max(state.partition_epoch, latest.partition_epoch)
    return PartitionRecord(
        partition_id=state.partition,
        topic_id=state.topic_id,
        replicas=list(state.replicas),
        isr=list(state.isr),
        removing_replicas=list(state.removing),
        adding_replicas=list(state.adding),
        leader=state.leader if state.leader in brokers else NO_LEADER,
        leader_recovery_state=state.leader_recovery_state,
        leader_epoch=leader_epoch + 1,
        partition_epoch=partition_epoch + 1,
        directories=list(state.directories),
        eligible_leader_replicas=list(state.elr) or None,
        last_known_elr=list(state.last_known_elr) or None,
    )


def _configs(now: MetadataImage, then: MetadataImage) -> Iterator[Message]:
    # A topic's went with the topic.
    standing = {
        resource: values for resource, values in now.configs.items() if resource.type != TOPIC_RESOURCE
    }
    for resource in sorted({*standing, *then.configs}):
        before, after = standing.get(resource, {}), then.configs.get(resource, {})
        for name in sorted({*before, *after}):
            yield _config(resource, name, after.get(name))


def _config(resource: ConfigResource, name: str, value: str | None) -> ConfigRecord:
    return ConfigRecord(resource_type=resource.type, resource_name=resource.name, name=name, value=value)
