"""The metadata image: everything the cluster has agreed on, as of one offset of the metadata log.

Brokers and the controller replay the same records into the same image (`apply`), so two images of the same
offset are equal. An image is immutable: whoever holds one may keep it, and what changed between two images is
found by identity (`old.topics[name] is new.topics[name]` means: nothing in that topic changed).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, NamedTuple

from minikafka.partition.state import UNASSIGNED, PartitionState
from minikafka.types import (
    BrokerEpoch,
    BrokerId,
    LeaderEpoch,
    Offset,
    PartitionEpoch,
    ProducerId,
    TopicId,
    TopicPartition,
)
from minikafka.wire.message import Message

INTERNAL_LISTENER: Final = "INTERNAL"
"""The listener that brokers keep for one another; each registers it beside those for clients."""

TOPIC_RESOURCE: Final = 2
BROKER_RESOURCE: Final = 4
GROUP_RESOURCE: Final = 32
"""Kafka's numbers for what a config belongs to."""

LOST: Final = bytes(15) + b"\x01"
"""Kafka's `DirectoryId.LOST`: what is left to a broker whose last log directory failed (D7)."""

CLUSTER_DEFAULT: Final = ""
"""The broker resource of this name holds the defaults of all brokers."""

_NOTHING: Final[Mapping[str, str]] = MappingProxyType({})


class ConfigResource(NamedTuple):
    """What a config belongs to: a topic by name, a broker by id, or all brokers."""

    type: int
    name: str


class Endpoint(NamedTuple):
    """Where a listener of a broker is reached, and the rack it stands in."""

    host: str
    port: int
    rack: str | None


@dataclass(frozen=True, slots=True)
class BrokerRegistration:
    """One broker as registered.

    epoch: names this life of the broker; the offset of its registration. fenced: may not lead, nor be in an
    ISR.
    in_controlled_shutdown: still serving, but on its way out (R12). log_dirs: ids of those that are online (D7).
    """

    broker_id: BrokerId
    epoch: BrokerEpoch
    incarnation_id: bytes
    endpoints: Mapping[str, Endpoint]
    rack: str | None
    fenced: bool
    in_controlled_shutdown: bool
    log_dirs: tuple[bytes, ...]
    supported_features: Mapping[str, tuple[int, int]]

    @property
    def is_active(self) -> bool:
        """May lead and may be in an ISR (R10)."""
        return not self.fenced and not self.in_controlled_shutdown

    @property
    def only_directory(self) -> bytes:
        """Where a new replica here goes; UNASSIGNED when the broker has to choose (KIP-858)."""
        return self.log_dirs[0] if len(self.log_dirs) == 1 else UNASSIGNED


@dataclass(frozen=True, slots=True)
class TopicImage:
    """One topic; `partitions` by index, 0 to n-1."""

    name: str
    topic_id: TopicId
    partitions: Mapping[int, PartitionState]


@dataclass(frozen=True, slots=True)
class MetadataImage:
    """The whole cluster at `offset`, the last record replayed (inclusive; -1 before the first).

    features_epoch: offset of the last feature change, which clients use to tell old answers from new (C2).
    next_producer_id: first producer id not yet handed out in a block (I11).
    removed_leader_epoch, removed_partition_epoch: the highest of any partition of a removed topic; -1 at first.
    """

    offset: Offset = -1
    topics: Mapping[str, TopicImage] = field(default_factory=dict)
    topic_names: Mapping[TopicId, str] = field(default_factory=dict)
    brokers: Mapping[BrokerId, BrokerRegistration] = field(default_factory=dict)
    configs: Mapping[ConfigResource, Mapping[str, str]] = field(default_factory=dict)
    features: Mapping[str, int] = field(default_factory=dict)
    features_epoch: Offset = -1
    next_producer_id: ProducerId = 0
    removed_leader_epoch: LeaderEpoch = -1
    removed_partition_epoch: PartitionEpoch = -1

    def apply(self, records: Sequence[Message], last_offset: Offset) -> MetadataImage:
        """The image after `records`, whose offsets are consecutive and end at `last_offset`.

        Same records, same image, on every node and however they were cut into chunks.
        """
        from minikafka.controller.replay import replay

        return replay(self, records, last_offset)

    # Topics.

    def topic(self, name: str) -> TopicImage | None:
        return self.topics.get(name)

    def topic_name(self, topic_id: TopicId) -> str | None:
        """The name behind an id; None for an id we do not know (yet, or any more: F12)."""
        return self.topic_names.get(topic_id)

    def topic_by_id(self, topic_id: TopicId) -> TopicImage | None:
        name = self.topic_names.get(topic_id)
        return None if name is None else self.topics[name]

    def partition(self, name: TopicPartition) -> PartitionState | None:
        topic = self.topics.get(name.topic)
        return None if topic is None else topic.partitions.get(name.partition)

    # Brokers.

    def active_brokers(self) -> list[BrokerId]:
        """Registered, unfenced and not shutting down, by id."""
        return [broker for broker in sorted(self.brokers) if self.brokers[broker].is_active]

    def unfenced_brokers(self) -> list[BrokerId]:
        """Those a client may hear of, by id."""
        return [broker for broker in sorted(self.brokers) if not self.brokers[broker].fenced]

    def is_active(self, broker_id: BrokerId) -> bool:
        registration = self.brokers.get(broker_id)
        return registration is not None and registration.is_active

    def is_fenced(self, broker_id: BrokerId) -> bool:
        """Also true of a broker nobody registered."""
        registration = self.brokers.get(broker_id)
        return registration is None or registration.fenced

    def is_shutting_down(self, broker_id: BrokerId) -> bool:
        registration = self.brokers.get(broker_id)
        return registration is not None and registration.in_controlled_shutdown

    def broker_epoch(self, broker_id: BrokerId) -> BrokerEpoch | None:
        """Of the broker's present life (R9); None when it is not registered."""
        registration = self.brokers.get(broker_id)
        return None if registration is None else registration.epoch

    def default_directory(self, broker_id: BrokerId) -> bytes:
        """The log directory of a new replica on that broker, as far as it is known beforehand."""
        registration = self.brokers.get(broker_id)
        return UNASSIGNED if registration is None else registration.only_directory

    def has_online_directory(self, broker_id: BrokerId, directory: bytes) -> bool:
        """D7: the broker has not reported this directory as failed. True while nobody knows which it is."""
        registration = self.brokers.get(broker_id)
        known = registration is not None and directory != UNASSIGNED and bool(registration.log_dirs)
        return not known or (registration is not None and directory in registration.log_dirs)

    def has_a_directory(self, broker_id: BrokerId) -> bool:
        """Whether a new replica has a place there: some directory is online (D7)."""
        registration = self.brokers.get(broker_id)
        return registration is not None and registration.log_dirs != (LOST,)

    def is_offline(self, broker_id: BrokerId, state: PartitionState) -> bool:
        """What clients are told of a replica: its broker is fenced, or its disk failed."""
        directory = state.directory_of(broker_id)
        return self.is_fenced(broker_id) or not self.has_online_directory(broker_id, directory)

    def client_endpoint(self, broker_id: BrokerId, listener: str) -> Endpoint | None:
        """Where clients of that listener reach the broker; None when it is not registered, or fenced, or has none."""
        return None if self.is_fenced(broker_id) else self._endpoint(broker_id, listener)

    def internal_endpoint(self, broker_id: BrokerId) -> Endpoint | None:
        """Where other brokers reach it, fenced or not; None when it is not registered."""
        return self._endpoint(broker_id, INTERNAL_LISTENER)

    def _endpoint(self, broker_id: BrokerId, listener: str) -> Endpoint | None:
        registration = self.brokers.get(broker_id)
        return None if registration is None else registration.endpoints.get(listener)

    # Settings and features.

    def topic_configs(self, name: str) -> Mapping[str, str]:
        """The topic's own settings, without any default."""
        return self.configs.get(ConfigResource(TOPIC_RESOURCE, name), _NOTHING)

    def broker_configs(self, broker_id: BrokerId) -> dict[str, str]:
        """What was set dynamically for this broker, over what was set for all."""
        everyone = self.configs.get(ConfigResource(BROKER_RESOURCE, CLUSTER_DEFAULT), _NOTHING)
        own = self.configs.get(ConfigResource(BROKER_RESOURCE, str(broker_id)), _NOTHING)
        return {**everyone, **own}

    def group_configs(self, group_id: str) -> Mapping[str, str]:
        """The group's own settings, without any default."""
        return self.configs.get(ConfigResource(GROUP_RESOURCE, group_id), _NOTHING)

    def feature(self, name: str) -> int:
        """The finalized level; 0 means disabled, or never heard of."""
        return self.features.get(name, 0)
