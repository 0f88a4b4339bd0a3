"""Putting the transaction coordinator together: runtime, shards, markers, and the way back.

A circle by nature: a shard's committed PREPARE_x sets the markers going, and the last marker written makes
the runtime let the shard decide COMPLETE_x.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

from minikafka.coordinator.led_partition import Timers
from minikafka.coordinator.runtime import CoordinatorRuntime
from minikafka.coordinator.writer import PartitionWriter
from minikafka.errors import ErrorCode, Rejected
from minikafka.trace import NOBODY, Trace
from minikafka.transaction.markers import Ended, Marker, Markers, MarkerSender
from minikafka.transaction.producer_ids import ProducerIds
from minikafka.transaction.shard import Surroundings, TransactionShard
from minikafka.transaction.telling import Telling
from minikafka.transaction.timeouts import TransactionSettings
from minikafka.transaction.transaction import Transaction
from minikafka.types import Now

TOPIC: Final = "__transaction_state"
COMPLETION_RETRY_MS: Final = 50


class Node(NamedTuple):
    """What the node gives: see the protocols. `transaction_version`: the finalized feature level now."""

    writer: PartitionWriter
    timers: Timers
    marker_sender: MarkerSender
    producer_ids: ProducerIds
    transaction_version: Callable[[], int]
    trace: Trace = NOBODY


def transaction_runtime(
    node: Node, settings: TransactionSettings, deadline_ms: int
) -> CoordinatorRuntime[TransactionShard]:
    """The coordinator of every transactional id whose partition this broker leads."""
    telling = Telling(node.trace)
    markers = Markers(node.marker_sender, node.timers, telling)

    def ended(index: int, prepared: Transaction, now: Now) -> None:
        epoch = runtime.coordinator_epoch(index)
        if epoch is not None:
            marker = _marker(prepared, epoch)
            told = _Completion(runtime, node.timers, index, prepared).write
            markers.tell(Ended(index, prepared.transactional_id, marker), told, now)

    around = Surroundings(settings, node.producer_ids, node.transaction_version, ended, markers.drop, telling)
    runtime: CoordinatorRuntime[TransactionShard] = CoordinatorRuntime(
        TOPIC,
        lambda index: TransactionShard(index, around),
        node.writer,
        node.timers,
        deadline_ms,
        node.trace,
    )
    return runtime


def _marker(prepared: Transaction, coordinator_epoch: int) -> Marker:
    return Marker(
        prepared.producer_id,
        prepared.producer_epoch,
        prepared.committed,
        coordinator_epoch,
        prepared.client_transaction_version,
        tuple(sorted(prepared.partitions)),
    )


class _Completion:
    """COMPLETE_x of one transaction, written until the log takes it or the partition is not ours any more."""

    def __init__(
        self, runtime: CoordinatorRuntime[TransactionShard], timers: Timers, index: int, prepared: Transaction
    ) -> None:
        self._runtime = runtime
        self._timers = timers
        self._index = index
        self._prepared = prepared

    def write(self, now: Now) -> None:
        self._runtime.write(
            self._index,
            lambda shard, at: shard.complete(self._prepared, at),
            _nobody_waits,
            self._refused,
            now,
        )

    def _refused(self, refusal: Rejected, now: Now) -> None:
        if refusal.code is ErrorCode.COORDINATOR_NOT_AVAILABLE:
            key = ("transaction-completion", self._index, self._prepared.transactional_id)
            self._timers.set(key, now.monotonic_ms + COMPLETION_RETRY_MS, self.write)


def _nobody_waits(_: None, __: Now) -> None:
    """The client was answered at PREPARE_x."""
