"""WriteTxnMarkers from a coordinator to the brokers that lead a transaction's partitions (T8)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from minikafka.broker.marker_writes import MarkerWrites
from minikafka.broker.peers import DEFAULT_TIMEOUT_MS
from minikafka.errors import ErrorCode
from minikafka.transaction.markers import Marker, MarkerAnswers
from minikafka.types import BrokerId, Now, TopicPartition
from minikafka.wire.messages import write_txn_markers as wire

if TYPE_CHECKING:
    from minikafka.broker.broker import Broker

VERSION: Final = 2
"""Carries the transaction version (KIP-1228)."""


class PeerMarkerSender:
    """Markers for partitions led here are written here; the others travel."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker

    def leader_of(self, partition: TopicPartition) -> BrokerId | None:
        state = self._broker.image.partition(partition)
        return None if state is None else state.leader

    def send(
        self,
        broker: BrokerId,
        markers: list[Marker],
        answered: Callable[[MarkerAnswers | None, Now], None],
        now: Now,
    ) -> None:
        if broker == self._broker.broker_id:
            deadline_ms = now.waiting_ms + self._broker.settings.request_timeout_ms
            MarkerWrites(self._broker, answered).write(markers, deadline_ms, now)
            return

        def replied(response: wire.WriteTxnMarkersResponse, at: Now) -> None:
            answered(marker_answers(response), at)

        def lost(_: str, at: Now) -> None:
            answered(None, at)

        request = wire.WriteTxnMarkersRequest(markers=[_writable(marker) for marker in markers])
        # A little longer than the other side waits for its replicas, so that its answer is not missed.
        timeout_ms = DEFAULT_TIMEOUT_MS + 1_000
        self._broker.peers.call(
            broker, request, VERSION, replied, lost, now, channel="markers", timeout_ms=timeout_ms
        )


def _writable(marker: Marker) -> wire.WritableTxnMarker:
    topics: dict[str, list[int]] = {}
    for topic, partition in marker.partitions:
        topics.setdefault(topic, []).append(partition)
    return wire.WritableTxnMarker(
        producer_id=marker.producer_id,
        producer_epoch=marker.producer_epoch,
        transaction_result=marker.committed,
        topics=[
            wire.WritableTxnMarkerTopic(name=name, partition_indexes=indexes)
            for name, indexes in topics.items()
        ],
        coordinator_epoch=marker.coordinator_epoch,
        transaction_version=marker.transaction_version,
    )


def marker_answers(response: wire.WriteTxnMarkersResponse) -> MarkerAnswers:
    """Error per producer id and partition."""
    return {
        (marker.producer_id, TopicPartition(topic.name, partition.partition_index)): ErrorCode(
            partition.error_code
        )
        for marker in response.markers
        for topic in marker.topics
        for partition in topic.partitions
    }
