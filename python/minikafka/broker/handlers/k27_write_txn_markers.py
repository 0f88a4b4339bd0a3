"""WriteTxnMarkers (API 27), versions 1 and 2: a transaction has ended, say so in these partitions (T8).

From transaction coordinators; and from an administrator who ends a hanging transaction (T14, `kafka-transactions.sh`).
v1 flexible. v2 says under which transaction version the transaction ran (KIP-1228): under TV2 a marker's epoch must be
newer than the transaction it ends.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from minikafka.broker.marker_writes import MarkerWrites
from minikafka.broker.request import Request
from minikafka.transaction.markers import Marker, MarkerAnswers
from minikafka.types import Now, TopicPartition
from minikafka.wire.messages import write_txn_markers as wire

if TYPE_CHECKING:
    from minikafka.broker.broker import Broker


def handle(broker: Broker, request: Request[wire.WriteTxnMarkersRequest], now: Now) -> None:
    """Append, wait for the replicas, answer for each partition."""

    def done(answers: MarkerAnswers, _: Now) -> None:
        request.reply(
            wire.WriteTxnMarkersResponse(
                markers=[_result(marker, answers) for marker in request.body.markers]
            )
        )

    if broker.trace.on and not request.internal:
        broker.trace.event(
            "marker",
            "T14",
            what="asked for",
            producer_ids=[marker.producer_id for marker in request.body.markers],
            client_id=request.client_id,
            why="an administrator ends what no coordinator knows (any more)",
        )
    deadline_ms = now.waiting_ms + broker.settings.request_timeout_ms
    MarkerWrites(broker, done).write([_marker(marker) for marker in request.body.markers], deadline_ms, now)
    if not request.answered:
        # The markers are in the log; the coordinator's next ones need not wait for the replicas of these.
        request.let_next_pass()


def _marker(marker: wire.WritableTxnMarker) -> Marker:
    return Marker(
        marker.producer_id,
        marker.producer_epoch,
        marker.transaction_result,
        marker.coordinator_epoch,
        marker.transaction_version,
        tuple(
            TopicPartition(topic.name, index) for topic in marker.topics for index in topic.partition_indexes
        ),
    )


def _result(marker: wire.WritableTxnMarker, answers: MarkerAnswers) -> wire.WritableTxnMarkerResult:
    return wire.WritableTxnMarkerResult(
        producer_id=marker.producer_id,
        topics=[
            wire.WritableTxnMarkerTopicResult(
                name=topic.name,
                partitions=[
                    wire.WritableTxnMarkerPartitionResult(
                        partition_index=index,
                        error_code=int(answers[marker.producer_id, TopicPartition(topic.name, index)]),
                    )
                    for index in topic.partition_indexes
                ],
            )
            for topic in marker.topics
        ],
    )
