"""What the trace hears of transactions: each move at the coordinator with the rule that made it, and each marker."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from minikafka.trace import NOBODY, Trace
from minikafka.transaction.transaction import Transaction
from minikafka.types import BrokerId, ProducerEpoch, ProducerId, TopicPartition


class Telling:
    """See the module. Call its methods only while `trace.on`."""

    __slots__ = ("trace",)

    def __init__(self, trace: Trace = NOBODY) -> None:
        self.trace = trace

    # Moves, told once they are in the log.

    def initialised(self, before: Transaction | None, after: Transaction) -> None:
        if before is None:
            why = "a new transactional id: a fresh producer id at epoch 0"
        elif before.producer_id != after.producer_id:
            why = "the epochs of the producer id are used up: a fresh one at epoch 0"
        elif before.producer_epoch == after.producer_epoch:
            why = "the bump was done and its answer lost: the same again"
        else:
            why = "every earlier producer of this transactional id is fenced by a higher epoch"
        self.trace.event("transaction", "T3", why=why, **_move(before, after))

    def fenced(self, before: Transaction | None, after: Transaction) -> None:
        why = "another producer starts while a transaction is open: it is aborted first, under a higher epoch"
        self.trace.event("transaction", "T3", why=why, **_move(before, after))

    def added(self, before: Transaction | None, after: Transaction) -> None:
        has_begun = before is not None and before.state is after.state
        why = (
            "more partitions will need a marker"
            if has_begun
            else "the first partition begins the transaction"
        )
        partitions = [f"{topic}-{index}" for topic, index in sorted(after.partitions)]
        self.trace.event("transaction", "T4", why=why, partitions=partitions, **_move(before, after))

    def ended(self, before: Transaction | None, after: Transaction, *, commit: bool) -> None:
        """`commit`: what was asked for."""
        why = "this record is the decision; the client is answered once it is replicated, before any marker"
        asked = "commit" if commit else "abort"
        self.trace.event("transaction", "T7", why=why, asked=asked, **_move(before, after))

    def completed(self, before: Transaction | None, after: Transaction) -> None:
        why = "every partition has its marker"
        self.trace.event("transaction", "T8", why=why, **_move(before, after))

    def timed_out(self, before: Transaction | None, after: Transaction) -> None:
        why = f"open for longer than its timeout of {after.timeout_ms} ms: fenced and aborted"
        self.trace.event("transaction", "T13", why=why, **_move(before, after))

    def expired(self, transactional_id: str) -> None:
        why = "nobody used it for transactional.id.expiration.ms"
        self.trace.event("transaction", "T13", transactional_id=transactional_id, to="DEAD", why=why)

    # Not moves.

    def pending(self, transactional_id: str) -> None:
        why = "nothing may build on a change that is not replicated yet"
        self.trace.event("transaction", "T2", transactional_id=transactional_id, why=why)

    def resent(self, prepared: Transaction) -> None:
        why = "a decision found in the log is carried out, again if need be"
        self.trace.event("transaction", "T17", why=why, **_move(prepared, prepared))

    def producer_id_block(self, first: ProducerId, length: int) -> None:
        self.trace.event("producer_id", "I11", first=first, length=length, why="granted by the controller")

    def producer_id_taken(self, producer_id: ProducerId) -> None:
        self.trace.event("producer_id", "I11", producer_id=producer_id)

    # Markers, as their sender sees them.

    def markers_sent(self, broker: BrokerId, transactional_ids: Iterable[str]) -> None:
        self.trace.event("marker", "T8", what="sent", to=broker, transactional_ids=list(transactional_ids))

    def marker_written(self, transactional_id: str, partition: TopicPartition) -> None:
        self.trace.event("marker", "T8", partition, what="written", transactional_id=transactional_id)

    def marker_given_up(
        self, transactional_id: str, partition: TopicPartition, producer_epoch: ProducerEpoch
    ) -> None:
        why = f"the partition knows a later epoch than {producer_epoch}: it was told by someone else"
        self.trace.event(
            "marker", "T8", partition, what="given up", transactional_id=transactional_id, why=why
        )

    def coordinator_fenced(self, transactional_id: str, partition: TopicPartition) -> None:
        why = "another coordinator took over; the rest is its business"
        self.trace.event(
            "marker", "T17", partition, what="given up", transactional_id=transactional_id, why=why
        )


def _move(before: Transaction | None, after: Transaction) -> dict[str, Any]:
    return {
        "transactional_id": after.transactional_id,
        "was": None if before is None else before.state.name,
        "to": after.state.name,
        "producer_id": after.producer_id,
        "producer_epoch": after.producer_epoch,
    }
