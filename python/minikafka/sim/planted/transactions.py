"""Mistakes in transactions (T): half of one visible, an aborted one read, an end that never comes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any, Final

from minikafka.broker.coordinators import InternalTopicWriter
from minikafka.controller import producer_ids
from minikafka.controller.producer_ids import ProducerIdBlock
from minikafka.controller.view import ClusterView
from minikafka.coordinator.shard import Result
from minikafka.log.transaction_index import AbortedTransaction, TransactionIndex
from minikafka.sim.planted.bug import Bug, bug
from minikafka.transaction import add_partitions, end_txn, shard
from minikafka.transaction.markers import Markers
from minikafka.transaction.shard import TransactionShard
from minikafka.transaction.states import PREPARE_ABORT, PREPARE_COMMIT
from minikafka.transaction.transaction import Transaction
from minikafka.types import BrokerEpoch, BrokerId, Now, Offset, ProducerId, TopicPartition

_end = TransactionIndex.end
_allocate = producer_ids.allocate
_add_partitions = add_partitions.add_partitions
_reset = TransactionIndex.reset
_prepared = end_txn._prepared  # noqa: SLF001 - mistakes are made inside
_route = Markers._route  # noqa: SLF001
_on_loaded = TransactionShard.on_loaded


def _high_watermark(self: TransactionIndex, high_watermark: Offset) -> Offset:
    return high_watermark


def _ends_at_once(
    self: TransactionIndex,
    producer_id: ProducerId,
    first_offset: Offset,
    marker_offset: Offset,
    *,
    committed: bool,
) -> AbortedTransaction | None:
    ended = _end(self, producer_id, first_offset, marker_offset, committed=committed)
    self._undecided = []
    return ended


def _none_aborted(
    self: TransactionIndex, from_offset: Offset, upper_bound: Offset
) -> list[tuple[ProducerId, Offset]]:
    return []


def _forgets_open(self: TransactionIndex, open_transactions: Iterable[tuple[ProducerId, Offset]]) -> None:
    _reset(self, ())


def _same_epoch(*arguments: Any) -> Transaction:
    current = arguments[0]
    return _prepared(*arguments)._replace(producer_epoch=current.producer_epoch)


def _always_commits(*arguments: Any) -> Transaction:
    return _prepared(*arguments)._replace(state=PREPARE_COMMIT)


def _always_aborts(*arguments: Any) -> Transaction:
    return _prepared(*arguments)._replace(state=PREPARE_ABORT)


def _first_only(self: Markers, telling: Any, partitions: list[TopicPartition], now: Now) -> None:
    for partition in partitions[1:]:
        telling.left.discard(partition)
    _route(self, telling, partitions[:1], now)


def _starts_afresh(self: TransactionShard, now: Now) -> Result[None]:
    loaded = _on_loaded(self, now)
    loaded.after = []
    return loaded


def _log_end(self: InternalTopicWriter, index: int) -> Offset:
    partition = self._broker.replicas.get(TopicPartition(self._topic, index))
    return 0 if partition is None else partition.log.log_end_offset


def _gives_up(self: Markers, telling: Any, partitions: list[TopicPartition], now: Now) -> None:
    telling.left.difference_update(partitions)


def _same_block(
    view: ClusterView, broker_id: BrokerId, broker_epoch: BrokerEpoch
) -> tuple[list[Any], ProducerIdBlock]:
    records, block = _allocate(view, broker_id, broker_epoch)
    return records, block._replace(first=0)


def _newest_only(
    current: Transaction | None, request: add_partitions.AddPartitions, wall_ms: int
) -> Transaction | None:
    added = _add_partitions(current, request, wall_ms)
    return None if added is None else added._replace(partitions=request.partitions)


TRANSACTIONS: Final[Mapping[str, Bug]] = MappingProxyType(
    {
        "last-stable-offset-is-the-high-watermark": bug(
            "T10",
            "read_committed reads what is still open",
            (TransactionIndex, "last_stable_offset", _high_watermark),
        ),
        "ended-before-its-marker-is-replicated": bug(
            "T10", "a marker counts before it is committed", (TransactionIndex, "end", _ends_at_once)
        ),
        "nothing-is-told-to-be-aborted": bug(
            "T11",
            "read_committed reads what was aborted",
            (TransactionIndex, "aborted_between", _none_aborted),
        ),
        "open-transactions-are-forgotten": bug(
            "I9",
            "after a reload nothing is open, and readers pass",
            (TransactionIndex, "reset", _forgets_open),
        ),
        "an-end-keeps-its-epoch": bug(
            "T7", "an end does not fence what is late", (end_txn, "_prepared", _same_epoch)
        ),
        "every-end-commits": bug(
            "T7", "what was aborted is visible", (end_txn, "_prepared", _always_commits)
        ),
        "every-end-aborts": bug("T7", "what was committed is not", (end_txn, "_prepared", _always_aborts)),
        "the-first-partition-hears": bug(
            "T8", "one marker is sent, and the transaction is complete", (Markers, "_route", _first_only)
        ),
        "nothing-is-resumed": bug(
            "T17",
            "a decision found in the log is not carried out",
            (TransactionShard, "on_loaded", _starts_afresh),
        ),
        "answered-before-it-is-replicated": bug(
            "T2",
            "a decision can be lost with its coordinator",
            (InternalTopicWriter, "high_watermark", _log_end),
        ),
        "a-marker-that-failed-is-not-sent-again": bug(
            "T8", "one leader was away, and its partition hangs", (Markers, "_retry", _gives_up)
        ),
        "a-block-of-ids-is-granted-twice": bug(
            "I11", "two producers under one id fence each other", (producer_ids, "allocate", _same_block)
        ),
        "only-the-newest-partition-is-remembered": bug(
            "T4", "the others never get their marker", (shard, "add_partitions", _newest_only)
        ),
    }
)
