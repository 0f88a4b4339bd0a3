"""Small clusters for tests of single decisions: an image made from records, like every image."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from minikafka.config import BrokerSettings
from minikafka.controller.features import ELIGIBLE_LEADER_REPLICAS, SUPPORTED_FEATURES
from minikafka.controller.image import TOPIC_RESOURCE, MetadataImage
from minikafka.controller.view import ClusterView
from minikafka.partition.state import RECOVERED, PartitionState
from minikafka.wire.message import Message
from minikafka.wire.records.cluster_metadata import (
    BrokerEndpoint,
    BrokerFeature,
    ConfigRecord,
    FeatureLevelRecord,
    PartitionRecord,
    RegisterBrokerRecord,
    TopicRecord,
)

TOPIC_ID = bytes(15) + b"\x07"


def broker(
    broker_id: int,
    *,
    fenced: bool = False,
    leaving: bool = False,
    rack: str | None = None,
    log_dirs: Iterable[bytes] | None = None,
) -> Message:
    """A registered broker; its epoch is 100 + its id."""
    return RegisterBrokerRecord(
        broker_id=broker_id,
        incarnation_id=bytes([broker_id]) * 16,
        broker_epoch=100 + broker_id,
        end_points=[BrokerEndpoint(name="CLIENT", host="localhost", port=9000 + broker_id)],
        features=[
            BrokerFeature(name=name, min_supported_version=low, max_supported_version=high)
            for name, (low, high) in SUPPORTED_FEATURES.items()
        ],
        rack=rack,
        fenced=fenced,
        in_controlled_shutdown=leaving,
        log_dirs=[bytes([broker_id]) * 16] if log_dirs is None else list(log_dirs),
    )


def partition(
    index: int = 0,
    *,
    replicas: Iterable[int] = (1, 2, 3),
    isr: Iterable[int] = (1, 2, 3),
    leader: int = 1,
    leader_epoch: int = 5,
    partition_epoch: int = 9,
    elr: Iterable[int] = (),
    last_known_elr: Iterable[int] = (),
    recovery: int = RECOVERED,
    adding: Iterable[int] = (),
    removing: Iterable[int] = (),
    directories: Iterable[bytes] = (),
) -> Message:
    """One partition of the topic `orders`."""
    return PartitionRecord(
        topic_id=TOPIC_ID,
        partition_id=index,
        replicas=list(replicas),
        isr=list(isr),
        leader=leader,
        leader_epoch=leader_epoch,
        partition_epoch=partition_epoch,
        leader_recovery_state=recovery,
        eligible_leader_replicas=list(elr),
        last_known_elr=list(last_known_elr),
        adding_replicas=list(adding),
        removing_replicas=list(removing),
        directories=list(directories),
    )


def cluster(
    *records: Message,
    elr: bool = True,
    configs: Mapping[str, str] | None = None,
    settings: BrokerSettings | None = None,
) -> ClusterView:
    """Brokers and partitions of the one topic `orders`, with its configs."""
    image = MetadataImage()
    features = {name: high for name, (_, high) in SUPPORTED_FEATURES.items()}
    features[ELIGIBLE_LEADER_REPLICAS] = int(elr)
    whole: list[Message] = [
        *(FeatureLevelRecord(name=name, feature_level=level) for name, level in features.items()),
        TopicRecord(name="orders", topic_id=TOPIC_ID),
        *(
            ConfigRecord(resource_type=TOPIC_RESOURCE, resource_name="orders", name=name, value=value)
            for name, value in (configs or {}).items()
        ),
        *records,
    ]
    return ClusterView(image.apply(whole, len(whole) - 1), settings or BrokerSettings())


def three_brokers() -> list[Message]:
    return [broker(1), broker(2), broker(3)]


def applied(view: ClusterView, records: list[Message]) -> ClusterView:
    """The cluster after a decision."""
    image = view.image
    return ClusterView(image.apply(records, image.offset + len(records)), view.settings)


def state_of(view: ClusterView, index: int = 0) -> PartitionState:
    return view.image.topics["orders"].partitions[index]
