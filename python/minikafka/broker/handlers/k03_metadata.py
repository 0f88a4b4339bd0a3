"""Metadata (API 3), versions 0 to 13.

v0 an empty list asks for all topics; from v1 on null does, and an empty list asks for none. v4 may forbid
auto-creation. v8 may ask what the client may do. v9 flexible. v10 topic ids in answers, v12 in requests. v13 an error
code for the whole answer.

Brokers that are fenced are not named. The answer comes from this broker's image, which may lag, and names the addresses
of the listener that the request came in on (R19).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from minikafka.broker.authorized import NOT_TOLD, ON_CLUSTER, ON_TOPIC
from minikafka.broker.request import Request
from minikafka.config import INTERNAL_TOPICS
from minikafka.controller.image import MetadataImage, TopicImage
from minikafka.controller.topic_names import is_legal
from minikafka.errors import ErrorCode
from minikafka.partition.state import PartitionState
from minikafka.types import NO_LEADER, NO_TOPIC_ID, BrokerId, Now
from minikafka.wire.messages.metadata import (
    MetadataRequest,
    MetadataRequestTopic,
    MetadataResponse,
    MetadataResponseBroker,
    MetadataResponsePartition,
    MetadataResponseTopic,
)

if TYPE_CHECKING:
    from minikafka.broker.broker import Broker

TOPIC_ID_VERSION: Final = 12
"""Topics may be asked for by id; v10 and v11 have the field and refuse its use."""
LISTENER_VERSION: Final = 6
"""Clients know LISTENER_NOT_FOUND."""


def handle(broker: Broker, request: Request[MetadataRequest], now: Now) -> None:
    """Create what is missing and may be created, then describe."""
    body = request.body
    asked = body.topics
    if request.api_version < TOPIC_ID_VERSION and any(topic.name is None for topic in asked or []):
        request.reply(_no_ids_yet(asked or []))
        return
    missing = [
        topic.name
        for topic in asked or []
        if topic.name and topic.name not in broker.image.topics and is_legal(topic.name)
    ]
    allowed = body.allow_auto_topic_creation and broker.settings.auto_create_topics_enable
    creatable = missing if allowed else [name for name in missing if name in INTERNAL_TOPICS]
    if not creatable:
        request.reply(describe(broker, request))
        return
    broker.auto_create.create(creatable, now)
    broker.auto_create.when_ready(creatable, lambda at: request.reply(describe(broker, request)), now)


def _no_ids_yet(asked: Sequence[MetadataRequestTopic]) -> MetadataResponse:
    code = int(ErrorCode.INVALID_REQUEST)
    return MetadataResponse(
        cluster_id=None,
        topics=[
            MetadataResponseTopic(error_code=code, name=topic.name or "", topic_id=topic.topic_id)
            for topic in asked
        ],
    )


def describe(broker: Broker, request: Request[MetadataRequest]) -> MetadataResponse:
    """The answer as of now."""
    image = broker.client_image
    wanted = request.body.topics
    everything = wanted is None or (request.api_version == 0 and not wanted)
    if everything:
        topics = [_topic(broker, image.topics[name], request) for name in sorted(image.topics)]
    else:
        topics = []
        for one in wanted or []:
            name = one.name if one.name is not None else image.topic_name(one.topic_id)
            known = None if name is None else image.topics.get(name)
            if known is not None:
                topics.append(_topic(broker, known, request))
            elif name is None:
                topics.append(
                    MetadataResponseTopic(
                        error_code=int(ErrorCode.UNKNOWN_TOPIC_ID), name=None, topic_id=one.topic_id
                    )
                )
            else:
                topics.append(_absent(name))
    if request.body.include_topic_authorized_operations:
        for topic in topics:
            topic.topic_authorized_operations = NOT_TOLD if topic.name is None else ON_TOPIC
    if broker.trace.on:
        broker.trace.event(
            "metadata",
            "R19",
            offset=image.offset,
            behind=broker.image.offset - image.offset,
            brokers=image.unfenced_brokers(),
            topics=len(topics),
            client_id=request.client_id,
        )
    return MetadataResponse(
        brokers=_brokers(broker, request.listener),
        cluster_id=broker.identity.cluster_id,
        controller_id=controller_of(broker),
        topics=topics,
        cluster_authorized_operations=(
            ON_CLUSTER if request.body.include_cluster_authorized_operations else NOT_TOLD
        ),
    )


def _brokers(broker: Broker, listener: str) -> list[MetadataResponseBroker]:
    brokers = []
    for broker_id in broker.client_image.unfenced_brokers():
        endpoint = broker.client_image.client_endpoint(broker_id, listener)
        if endpoint is not None:
            brokers.append(
                MetadataResponseBroker(
                    node_id=broker_id, host=endpoint.host, port=endpoint.port, rack=endpoint.rack
                )
            )
    return brokers


def controller_of(broker: Broker) -> int:
    """In KRaft clients never talk to the controller: Kafka names any live broker, which forwards."""
    alive = broker.client_image.unfenced_brokers()
    return broker.broker_id if broker.broker_id in alive or not alive else alive[0]


def leader_seen(image: MetadataImage, state: PartitionState, listener: str) -> tuple[BrokerId, ErrorCode]:
    """The leader as clients of that listener are told it, or none and why."""
    if state.leader < 0 or image.is_fenced(state.leader):
        return NO_LEADER, ErrorCode.LEADER_NOT_AVAILABLE
    if image.client_endpoint(state.leader, listener) is None:
        return NO_LEADER, ErrorCode.LISTENER_NOT_FOUND
    return state.leader, ErrorCode.NONE


def _absent(name: str) -> MetadataResponseTopic:
    # UNKNOWN also while it is being created (Q5).
    code = ErrorCode.UNKNOWN_TOPIC_OR_PARTITION if is_legal(name) else ErrorCode.INVALID_TOPIC_EXCEPTION
    return MetadataResponseTopic(
        error_code=int(code), name=name, topic_id=NO_TOPIC_ID, is_internal=name in INTERNAL_TOPICS
    )


def _topic(broker: Broker, topic: TopicImage, request: Request[MetadataRequest]) -> MetadataResponseTopic:
    return MetadataResponseTopic(
        name=topic.name,
        topic_id=topic.topic_id,
        is_internal=topic.name in INTERNAL_TOPICS,
        partitions=[
            _partition(broker, index, topic.partitions[index], request) for index in sorted(topic.partitions)
        ],
    )


def _partition(
    broker: Broker, index: int, state: PartitionState, request: Request[MetadataRequest]
) -> MetadataResponsePartition:
    image = broker.client_image
    leader, error = leader_seen(image, state, request.listener)
    if error == ErrorCode.LISTENER_NOT_FOUND and request.api_version < LISTENER_VERSION:
        error = ErrorCode.LEADER_NOT_AVAILABLE
    return MetadataResponsePartition(
        error_code=int(error),
        partition_index=index,
        leader_id=leader,
        leader_epoch=state.leader_epoch,
        replica_nodes=list(state.replicas),
        isr_nodes=list(state.isr),
        offline_replicas=[replica for replica in state.replicas if image.is_offline(replica, state)],
    )
