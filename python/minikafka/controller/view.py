"""What every decision of the controller looks at: the image, and the settings for where it says nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from minikafka.config import BrokerSettings, TopicSettings
from minikafka.controller.election import Election
from minikafka.controller.features import ELIGIBLE_LEADER_REPLICAS
from minikafka.controller.image import BROKER_RESOURCE, CLUSTER_DEFAULT, ConfigResource, MetadataImage
from minikafka.errors import ErrorCode, Rejected
from minikafka.partition.state import PartitionState
from minikafka.types import BrokerEpoch, BrokerId
from minikafka.wire.message import Message


@dataclass(frozen=True, slots=True)
class ClusterView:
    """One moment of the cluster. `settings`: the controller's own, which give topics their defaults."""

    image: MetadataImage
    settings: BrokerSettings

    def after(self, records: Sequence[Message]) -> ClusterView:
        """The cluster once these records are written."""
        image = self.image
        return ClusterView(image.apply(records, image.offset + len(records)), self.settings)

    def cluster_settings(self) -> BrokerSettings:
        """The settings with what was set dynamically for all brokers."""
        everyone = self.image.configs.get(ConfigResource(BROKER_RESOURCE, CLUSTER_DEFAULT))
        return self.settings if everyone is None else self.settings.with_overrides(everyone)

    def topic_settings(self, topic: str) -> TopicSettings:
        """The topic's settings in force, as far as the whole cluster agrees on them."""
        return self.cluster_settings().topic_defaults.with_overrides(self.image.topic_configs(topic))

    @property
    def elr_enabled(self) -> bool:
        """R14: eligible leader replicas are kept."""
        return self.image.feature(ELIGIBLE_LEADER_REPLICAS) >= 1

    def election_for(self, settings: TopicSettings) -> Election:
        """What the topic allows when it loses its leader (R13)."""
        return Election.UNCLEAN if settings.unclean_leader_election_enable else Election.ONLINE

    def check_broker_epoch(self, broker_id: BrokerId, epoch: BrokerEpoch) -> None:
        """Raises Rejected [77] unless this is the present life of that broker."""
        registered = self.image.broker_epoch(broker_id)
        if registered is None:
            raise Rejected(ErrorCode.STALE_BROKER_EPOCH, f"broker {broker_id} is not registered")
        if registered != epoch:
            why = f"broker {broker_id} sent epoch {epoch}, but {registered} is registered"
            raise Rejected(ErrorCode.STALE_BROKER_EPOCH, why)


def min_insync_replicas(settings: TopicSettings, state: PartitionState) -> int:
    """R5: never more than there are replicas."""
    return min(settings.min_insync_replicas, len(state.replicas))
