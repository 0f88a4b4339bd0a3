"""What keeps the list of eligible leader replicas honest when min.insync.replicas changes (R14, KIP-966).

A replica is eligible because the high watermark stood still when it left: fewer were in sync than *then* were asked
for. With another min.insync.replicas that conclusion is void. So whenever the setting is written, the lists are
emptied, and the last known leader is forgotten: of the topic, or of all topics when it was written for all brokers. A
partition whose ISR is empty can then only be led again through an unclean election.

For the same reason brokers may not disagree about it: with ELR on, a value for one broker alone is refused, and so is
going back from a value for all brokers to what each was started with. Both are INVALID_CONFIG [40].
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from minikafka.controller.image import BROKER_RESOURCE, CLUSTER_DEFAULT, TOPIC_RESOURCE
from minikafka.controller.view import ClusterView
from minikafka.errors import ErrorCode, Rejected
from minikafka.wire.message import Message
from minikafka.wire.records.cluster_metadata import ClearElrRecord, ConfigRecord

MIN_INSYNC_REPLICAS: Final = "min.insync.replicas"
ALL_TOPICS: Final = ""


def elr_safe(view: ClusterView, records: list[Message]) -> list[Message]:
    """The changes of one resource, with the records that empty the lists they make void. Raises Rejected [40]."""
    changes = _min_isr_changes(records) if view.elr_enabled else []
    for change in changes:
        if change.resource_type == BROKER_RESOURCE:
            _check(change)
    return [*records, *(ClearElrRecord(topic_name=_topic_of(change)) for change in changes)]


def _min_isr_changes(records: Sequence[Message]) -> list[ConfigRecord]:
    return [
        record
        for record in records
        if isinstance(record, ConfigRecord) and record.name == MIN_INSYNC_REPLICAS
    ]


def _check(change: ConfigRecord) -> None:
    if change.resource_name != CLUSTER_DEFAULT:
        why = "Broker-level min.insync.replicas cannot be altered while ELR is enabled."
        raise Rejected(ErrorCode.INVALID_CONFIG, why, rule="R14")
    if change.value is None:
        why = "Cluster-level min.insync.replicas cannot be removed while ELR is enabled."
        raise Rejected(ErrorCode.INVALID_CONFIG, why, rule="R14")


def _topic_of(change: ConfigRecord) -> str:
    return change.resource_name if change.resource_type == TOPIC_RESOURCE else ALL_TOPICS
