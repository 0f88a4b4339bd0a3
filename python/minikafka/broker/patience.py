"""Adding partitions to a transaction while the one before is still being ended.

By the rule that is CONCURRENT_TRANSACTIONS [51], and whoever asked tries again 20 ms later
(`add.partitions.to.txn.retry.backoff.ms`). But the end is usually a
matter of a millisecond or two, so before saying [51] the coordinator waits that long for it itself: the same answer at
the latest when the retry would have come, the good one as soon as there is one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from minikafka.coordinator.parked import Reject
from minikafka.effects import TimerKey
from minikafka.errors import ErrorCode, Rejected
from minikafka.transaction.add_partitions import AddPartitions
from minikafka.types import Now

if TYPE_CHECKING:
    from minikafka.broker.broker import Broker


class PatientAdd:
    """One AddPartitions, answered exactly once. `key` names it among those under way."""

    def __init__(
        self,
        broker: Broker,
        index: int,
        request: AddPartitions,
        answer: Callable[[ErrorCode, Now], None],
        reject: Reject,
        key: TimerKey,
    ) -> None:
        self._broker = broker
        self._index = index
        self._request = request
        self._answer = answer
        self._reject = reject
        self._key: TimerKey = ("patience", *key)
        self._deadline_ms = 0
        self._is_waiting = False

    def begin(self, now: Now, patience_ms: int | None = None) -> None:
        """Ask; [51] is told only once `patience_ms` (by default one retry interval) have passed."""
        if patience_ms is None:
            patience_ms = self._broker.settings.add_partitions_to_txn_retry_backoff_ms
        self._deadline_ms = now.monotonic_ms + patience_ms
        self._ask(now)

    def _ask(self, now: Now) -> None:
        self._broker.transactions.write(
            self._index,
            lambda shard, at: shard.add_partitions(self._request, at),
            self._answer,
            self._refused,
            now,
        )

    def _refused(self, refusal: Rejected, now: Now) -> None:
        shard = self._broker.transactions.shard(self._index)
        is_early = now.monotonic_ms < self._deadline_ms
        if refusal.code is not ErrorCode.CONCURRENT_TRANSACTIONS or shard is None or not is_early:
            self._reject(refusal, now)
            return
        self._is_waiting = True
        shard.when_settled(self._request.transactional_id, self._again)
        self._broker.timers.set(self._key, self._deadline_ms, self._again)

    def _again(self, now: Now) -> None:
        if self._is_waiting:
            self._is_waiting = False
            self._broker.timers.cancel(self._key)
            self._ask(now)
