"""The transaction coordinator: all transactional ids of one `__transaction_state` partition.

Each request is decided in a file of its own (init_producer.py, add_partitions.py, end_txn.py, timeouts.py): a
pure function from the state of one id to its next. This file keeps the states, writes the moves, and knows
two things the decisions do not:

*pending*: a state whose record is not committed yet. Nothing may build on it, so whatever would change such
an id hears CONCURRENT_TRANSACTIONS [51] (T2). Kafka changes its memory only after the commit; here memory
runs ahead and this set says by how much. What a client sees is the same.

*what follows a commit*: a PREPARE_x below the high watermark sets the markers going; when all are written,
COMPLETE_x.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Final, TypeVar

from minikafka.coordinator.shard import CoordinatorRecord, Result, Timer
from minikafka.errors import ErrorCode, Rejected
from minikafka.transaction import init_producer as init
from minikafka.transaction.add_partitions import AddPartitions, add_partitions, verify_partitions
from minikafka.transaction.end_txn import EndTxn, answered_identity, end_transaction
from minikafka.transaction.fencing import fenced
from minikafka.transaction.init_producer import InitProducerId, InitProducerIdAnswer
from minikafka.transaction.listing import Filters, matches
from minikafka.transaction.producer_ids import ProducerIds
from minikafka.transaction.records import read_record, replayed, state_record, tombstone, value_version
from minikafka.transaction.states import can_move
from minikafka.transaction.telling import Telling
from minikafka.transaction.timeouts import TransactionSettings, expired, timed_out
from minikafka.transaction.transaction import ProducerIdAndEpoch, Transaction, completed
from minikafka.types import (
    NO_PRODUCER_EPOCH,
    NO_PRODUCER_ID,
    Now,
    Offset,
    ProducerEpoch,
    ProducerId,
    TopicPartition,
)

T = TypeVar("T")

Moves = Sequence[tuple[Transaction | None, Transaction]]
"""Of one id each: what it was (None: new), and what it becomes."""

MAX_TOMBSTONES: Final = 1_000
"""Ids forgotten by one sweep; the next one goes on. Bounds the batch."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a shard needs of its node.

    transaction_version: the finalized feature level now. ended: PREPARE_x of this index is committed, write
    markers
        and then complete. dropped: this index is no longer ours, write no more.
    """

    settings: TransactionSettings
    producer_ids: ProducerIds
    transaction_version: Callable[[], int]
    ended: Callable[[int, Transaction, Now], None]
    dropped: Callable[[int], None]
    telling: Telling = field(default_factory=Telling)


class TransactionShard:
    """See the module. `index`: of the partition."""

    def __init__(self, index: int, surroundings: Surroundings) -> None:
        self.index = index
        self._around = surroundings
        self._telling = surroundings.telling
        self._transactions: dict[str, Transaction] = {}
        self._pending: set[str] = set()
        self._waiting: dict[str, list[Callable[[Now], None]]] = {}
        self._is_active = False

    # Requests: decide.

    def init_producer(self, request: InitProducerId, now: Now) -> Result[InitProducerIdAnswer]:
        """T3. Raises Rejected [14], [42], [50], [51], [90]."""
        init.check(request, self._around.settings.max_timeout_ms)
        self._refuse_while_pending(request.transactional_id)
        current = self._transactions.get(request.transactional_id)
        version = self._around.transaction_version()
        new = init.init_producer(current, request, version, self._taker(now), now.wall_ms)
        tell = self._telling.fenced if new.is_prepared else self._telling.initialised
        result: Result[InitProducerIdAnswer] = self._write([(current, new)], tell)
        if new.is_prepared:
            result.response = InitProducerIdAnswer(
                ErrorCode.CONCURRENT_TRANSACTIONS, NO_PRODUCER_ID, NO_PRODUCER_EPOCH
            )
        else:
            result.response = InitProducerIdAnswer(ErrorCode.NONE, *new.identity)
            result.after.insert(0, lambda _: self._remember_last_epoch(new))
        return result

    def add_partitions(self, request: AddPartitions, now: Now) -> Result[ErrorCode]:
        """T4. Raises Rejected [49], [51], [90]."""
        self._refuse_while_pending(request.transactional_id)
        current = self._transactions.get(request.transactional_id)
        new = add_partitions(current, request, now.wall_ms)
        result: Result[ErrorCode] = self._write([] if new is None else [(current, new)], self._telling.added)
        result.response = ErrorCode.NONE
        return result

    def verify_partitions(self, request: AddPartitions, _: Now) -> dict[TopicPartition, ErrorCode]:
        """T6, TV1. Raises Rejected [49], [51], [90]."""
        return verify_partitions(self._transactions.get(request.transactional_id), request)

    def end_transaction(self, request: EndTxn, now: Now) -> Result[ProducerIdAndEpoch]:
        """T7: what the client goes on with. Raises Rejected [14], [48], [49], [51], [90]."""
        self._refuse_while_pending(request.transactional_id)
        current = self._transactions.get(request.transactional_id)
        if current is None:
            raise Rejected(
                ErrorCode.INVALID_PRODUCER_ID_MAPPING, "this transactional id is not known here", rule="T7"
            )
        new = end_transaction(current, request, self._taker(now), now.wall_ms)
        moves = [] if new is None else [(current, new)]
        tell = partial(self._telling.ended, commit=request.commit)
        result: Result[ProducerIdAndEpoch] = self._write(moves, tell)
        result.response = answered_identity(current if new is None else new, request.version)
        return result

    def complete(self, prepared: Transaction, now: Now) -> Result[None]:
        """Every marker of `prepared` is written. Nothing to do if that was said before."""
        current = self._transactions.get(prepared.transactional_id)
        if current is None or not current.is_prepared or current.identity != prepared.identity:
            return Result()
        return self._write([(current, completed(current, now.wall_ms))], self._telling.completed)

    def describe(self, transactional_id: str, _: Now) -> Transaction:
        """T15. Raises Rejected [42], [105]."""
        if not transactional_id:
            raise Rejected(ErrorCode.INVALID_REQUEST, "a transactional id may not be empty", rule="T15")
        found = self._transactions.get(transactional_id)
        if found is None:
            raise Rejected(
                ErrorCode.TRANSACTIONAL_ID_NOT_FOUND, "this transactional id is not known here", rule="T15"
            )
        return found

    def list_transactions(self, wanted: Filters, now: Now) -> list[Transaction]:
        """T15, by id."""
        return [each for each in self.transactions() if matches(each, wanted, now.wall_ms)]

    def transactions(self) -> list[Transaction]:
        """Every id's state, by id."""
        return [self._transactions[each] for each in sorted(self._transactions)]

    def _refuse_while_pending(self, transactional_id: str) -> None:
        if transactional_id in self._pending:
            if self._telling.trace.on:
                self._telling.pending(transactional_id)
            raise Rejected(
                ErrorCode.CONCURRENT_TRANSACTIONS, "the change before is not replicated yet", rule="T2"
            )

    def _taker(self, now: Now) -> Callable[[], ProducerId]:
        return lambda: self._around.producer_ids.take(now)

    # Moves: the records, and what follows once they are committed.

    def _write(self, moves: Moves, tell: Callable[[Transaction | None, Transaction], None]) -> Result[T]:
        """`tell`: the word for these moves."""
        version = value_version(self._around.transaction_version())
        written = [_linked(before, after) for before, after in moves]
        result: Result[T] = Result(
            records=[state_record(each, version) for each in written],
            after=[partial(self._committed, each) for each in written],
        )
        if self._telling.trace.on:
            result.told = [partial(tell, before, after) for before, after in moves]
        return result

    def _committed(self, written: Transaction, now: Now) -> None:
        """`written` is below the high watermark: it may be built on, and if it is a decision, carried out."""
        self._pending.discard(written.transactional_id)
        if written.is_prepared:
            self._around.ended(self.index, written, now)
        else:
            self._wake(written.transactional_id, now)

    def _remember_last_epoch(self, new: Transaction) -> None:
        """KIP-360: which epoch a retried InitProducerId may come with is not in the record."""
        stored = self._transactions.get(new.transactional_id)
        if stored is not None and stored.identity == new.identity:
            self._transactions[new.transactional_id] = stored._replace(
                last_producer_epoch=new.last_producer_epoch
            )

    # Waiting for a transaction to be out of the way.

    def when_settled(self, transactional_id: str, run: Callable[[Now], None]) -> None:
        """Run once nothing is pending and nothing prepared for this id; forgotten if leadership is lost
        first.
        """
        self._waiting.setdefault(transactional_id, []).append(run)

    def _wake(self, transactional_id: str, now: Now) -> None:
        for run in self._waiting.pop(transactional_id, ()):
            run(now)

    # Replay: the only way state moves.

    def replay(
        self,
        offset: Offset,
        record: CoordinatorRecord,
        producer_id: ProducerId,
        producer_epoch: ProducerEpoch,
    ) -> None:
        """One id's whole state, or its end. Offsets and producers of the batch mean nothing here."""
        transactional_id, read = read_record(record)
        if read is None:
            self._transactions.pop(transactional_id, None)
        else:
            before = self._transactions.get(transactional_id)
            self._transactions[transactional_id] = replayed(before, read)
        if self._is_active:
            self._pending.add(transactional_id)

    def replay_end_transaction_marker(
        self, offset: Offset, producer_id: ProducerId, producer_epoch: ProducerEpoch, committed: bool
    ) -> None:
        """`__transaction_state` is not written in transactions; a stray marker changes nothing."""

    # Leadership.

    def on_loaded(self, now: Now) -> Result[None]:
        """T17: decisions found in the log are carried out, again if need be; sweeps begin."""
        self._is_active = True
        prepared = [each for each in self.transactions() if each.is_prepared]
        result: Result[None] = Result(
            timers=[self._abort_timer(now), self._expiry_timer(now)],
            after=[partial(self._around.ended, self.index, each) for each in prepared],
        )
        if self._telling.trace.on:
            result.told = [partial(self._telling.resent, each) for each in prepared]
        return result

    def on_unloaded(self) -> None:
        """Another coordinator goes on from the log."""
        self._is_active = False
        self._waiting.clear()
        self._around.dropped(self.index)

    # Sweeps (T13).

    def _abort_timer(self, now: Now) -> Timer:
        deadline_ms = now.monotonic_ms + self._around.settings.abort_sweep_interval_ms
        return Timer(("abort-timed-out",), deadline_ms, self.abort_timed_out)

    def abort_timed_out(self, now: Now) -> Result[None]:
        """Fence and abort what has been open too long; what is pending is looked at by the next sweep."""
        version = self._around.transaction_version()
        moves: list[tuple[Transaction | None, Transaction]] = []
        for each in timed_out(self._settled(), now.wall_ms):
            try:
                moves.append((each, fenced(each, version, self._taker(now), now.wall_ms)))
            except Rejected:
                break  # no producer id at hand: the next sweep goes on
        result: Result[None] = self._write(moves, self._telling.timed_out)
        result.timers.append(self._abort_timer(now))
        return result

    def _expiry_timer(self, now: Now) -> Timer:
        deadline_ms = now.monotonic_ms + self._around.settings.expiration_sweep_interval_ms
        return Timer(("expire-ids",), deadline_ms, self.expire_unused)

    def expire_unused(self, now: Now) -> Result[None]:
        """Forget ids nobody used for the expiration time."""
        forgotten = expired(self._settled(), self._around.settings, now.wall_ms)[:MAX_TOMBSTONES]
        result: Result[None] = Result(
            records=[tombstone(each) for each in forgotten],
            timers=[self._expiry_timer(now)],
            after=[lambda _: self._pending.difference_update(forgotten)],
        )
        if self._telling.trace.on:
            result.told = [partial(self._telling.expired, each) for each in forgotten]
        return result

    def _settled(self) -> Iterable[Transaction]:
        return (each for each in self._transactions.values() if each.transactional_id not in self._pending)


def _linked(before: Transaction | None, after: Transaction) -> Transaction:
    """`after`, checked against the table (T2), and naming the producer id it came from."""
    assert can_move(None if before is None else before.state, after.state), f"{before} may not become {after}"
    return after._replace(previous_producer_id=after.producer_id if before is None else before.producer_id)
