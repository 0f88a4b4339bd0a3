"""Writing end-transaction markers into the partitions this broker leads (T8, T9).

A marker is a control batch with the rules of acks=all: it counts as written when it is replicated, because a marker
lost with its leader would leave the transaction hanging there (T14). For `__consumer_offsets` the group's coordinator
hears of it at once: offsets that waited for it become visible, or go (T12).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from minikafka.errors import ErrorCode, Rejected
from minikafka.transaction.markers import Marker, MarkerAnswers
from minikafka.types import Now, ProducerId, TopicPartition

if TYPE_CHECKING:
    from minikafka.broker.broker import Broker


class MarkerWrites:
    """The markers of one request, and what became of each."""

    def __init__(self, broker: Broker, done: Callable[[MarkerAnswers, Now], None]) -> None:
        self._broker = broker
        self._done = done
        self._answers: dict[tuple[ProducerId, TopicPartition], ErrorCode] = {}
        self._left = 0

    def write(self, markers: list[Marker], deadline_ms: int, now: Now) -> None:
        """Append each; run `done` once all are replicated or refused, or waiting time has reached `deadline_ms`."""
        self._left = 1 + sum(len(marker.partitions) for marker in markers)
        for marker in markers:
            for partition in marker.partitions:
                self._append(marker, partition, deadline_ms, now)
        self._one_less(now)

    def _append(self, marker: Marker, name: TopicPartition, deadline_ms: int, now: Now) -> None:
        def settled(code: ErrorCode, at: Now) -> None:
            self._answers[marker.producer_id, name] = code
            self._one_less(at)

        try:
            partition = self._broker.replicas.leader(name)
            appended = partition.append_marker(
                producer_id=marker.producer_id,
                producer_epoch=marker.producer_epoch,
                commit=marker.committed,
                coordinator_epoch=marker.coordinator_epoch,
                transaction_version=marker.transaction_version,
                now=now,
            )
        except Rejected as refusal:
            settled(refusal.code, now)
            return
        self._broker.coordinators.marker_written(
            name, appended.last_offset, marker.producer_id, marker.producer_epoch, marker.committed, now
        )
        self._broker.wait_for_replication(partition, appended.last_offset, settled, deadline_ms, now)

    def _one_less(self, now: Now) -> None:
        self._left -= 1
        if self._left == 0:
            self._done(self._answers, now)
