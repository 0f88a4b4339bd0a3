r"""One coordinator partition that this broker leads: its shard, its timers, its parked answers.

    loading --finish_load--> active --unload--> gone
       \-----------------unload------------------/

While loading, the log is replayed and every request hears COORDINATOR_LOAD_IN_PROGRESS [14]. Once active, a write is
decide -> append -> replay -> park, with nothing in between: no other event can see a decision half carried out.

A read is decided at once, on state that may not be committed yet, and its answer is parked behind everything written
before it. That barrier is all there is in place of Kafka's timeline collections (ADR 0004).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final, Generic, NamedTuple, Protocol, TypeVar

from minikafka.coordinator.parked import Parked, ParkedAnswers, Reject
from minikafka.coordinator.shard import CoordinatorRecord, Result, Shard, Timer
from minikafka.coordinator.writer import PartitionWriter, told_to_clients
from minikafka.errors import ErrorCode, Rejected
from minikafka.trace import NOBODY, Trace
from minikafka.types import CoordinatorEpoch, Now, Offset, ProducerEpoch, ProducerId, TopicPartition

S = TypeVar("S", bound=Shard)
T = TypeVar("T")

TIMER_RETRY_BACKOFF_MS: Final = 500
"""A timer whose records could not be appended decides again after this (as in Kafka's coordinator timer)."""

TRANSACTION_STATE: Final = "__transaction_state"

ON_LOADED: Final = ("on-loaded",)


class Timers(Protocol):
    """The node's timers; setting a key again moves it."""

    def set(self, key: tuple[str | int, ...], deadline_ms: int, run: Callable[[Now], None]) -> None: ...
    def cancel(self, key: tuple[str | int, ...]) -> None: ...


class LoggedRecord(NamedTuple):
    """One record read back from the partition. The producer fields are -1 unless its batch was transactional."""

    offset: Offset
    record: CoordinatorRecord
    producer_id: ProducerId = -1
    producer_epoch: ProducerEpoch = -1


class LoggedMarker(NamedTuple):
    """One end-transaction marker read back from the partition."""

    offset: Offset
    producer_id: ProducerId
    producer_epoch: ProducerEpoch
    committed: bool


class LedPartition(Generic[S]):
    """See the module.

    end_offset: exclusive end of what the shard has replayed; never above the log end offset.
    """

    def __init__(
        self,
        topic: str,
        index: int,
        coordinator_epoch: CoordinatorEpoch,
        shard: S,
        writer: PartitionWriter,
        timers: Timers,
        deadline_ms: int,
        trace: Trace = NOBODY,
    ) -> None:
        self.trace = trace
        self.index = index
        self.coordinator_epoch = coordinator_epoch
        self.shard = shard
        self.is_loading = True
        self.end_offset: Offset = 0
        self._name = ("coordinator", topic, index)
        self._partition = TopicPartition(topic, index)
        self._is_of_transactions = topic == TRANSACTION_STATE
        self._writer = writer
        self._timers = timers
        self._deadline_ms = deadline_ms
        self._high_watermark: Offset = 0
        self._parked = ParkedAnswers()
        self._expiry_is_set = False
        self._timer_keys: dict[tuple[str, ...], None] = {}

    def write(
        self,
        operation: Callable[[S, Now], Result[T]],
        answer: Callable[[T, Now], None],
        reject: Reject,
        now: Now,
    ) -> None:
        """Decide, append, replay, park. A refusal, by the shard or by the log, is told at once and changes nothing."""
        try:
            self._refuse_while_loading()
            result = operation(self.shard, now)
            self._append(result, now)
        except Rejected as refusal:
            self._tell_refused(refusal)
            reject(refusal, now)
            return
        for tell in result.told:
            tell()
        self._follow_up(result, answer, reject, now)

    def read(
        self, operation: Callable[[S, Now], T], answer: Callable[[T, Now], None], reject: Reject, now: Now
    ) -> None:
        """Look now, tell once everything seen is committed."""
        try:
            self._refuse_while_loading()
            seen = operation(self.shard, now)
        except Rejected as refusal:
            self._tell_refused(refusal)
            reject(refusal, now)
            return
        self._park(lambda at: answer(seen, at), reject, [], now)

    def _refuse_while_loading(self) -> None:
        if self.is_loading:
            raise Rejected(ErrorCode.COORDINATOR_LOAD_IN_PROGRESS, "the coordinator is reading its log")

    def _append(self, result: Result[T], now: Now) -> None:
        if not result.records:
            return
        producer_id, producer_epoch = result.producer_id, result.producer_epoch
        try:
            written = self._writer.append(self.index, result.records, producer_id, producer_epoch, now)
        except Rejected as refusal:
            raise told_to_clients(refusal) from refusal
        assert written.base_offset >= self.end_offset, "nobody else writes records to this partition"
        for offset, record in enumerate(result.records, written.base_offset):
            self.shard.replay(offset, record, producer_id, producer_epoch)
        self.end_offset = written.last_offset + 1

    def _follow_up(
        self, result: Result[T], answer: Callable[[T, Now], None], reject: Reject, now: Now
    ) -> None:
        for key in result.cancelled_timers:
            self._timer_keys.pop(key, None)
            self._timers.cancel((*self._name, *key))
        for timer in result.timers:
            self._set_timer(timer)
        response = result.response
        tell = None if response is None else lambda at: answer(response, at)
        if tell is not None or result.after:
            self._park(tell, reject, result.after, now)

    # Waiting for the high watermark.

    def _park(
        self,
        answer: Callable[[Now], None] | None,
        reject: Reject,
        after: list[Callable[[Now], None]],
        now: Now,
    ) -> None:
        self._parked.park(
            Parked(self.end_offset, now.monotonic_ms + self._deadline_ms, answer, reject, after)
        )
        self.high_watermark_moved(self._writer.high_watermark(self.index), now)
        if self.trace.on and answer is not None and self._high_watermark < self.end_offset:
            self._tell("parked", waits_for=self.end_offset, high_watermark=self._high_watermark)
        self._watch_deadlines()

    def high_watermark_moved(self, high_watermark: Offset, now: Now) -> None:
        """Answer what is committed by now. A log with one replica gets here from inside its own append, before the
        records are replayed and their answer parked; the write itself comes back here when they are.
        """
        self._high_watermark = max(self._high_watermark, high_watermark)
        self._parked.commit(lambda: self._high_watermark, now)

    def _watch_deadlines(self) -> None:
        # One timer for the whole queue, left to fire rather than moved at each answer: most answers take
        # milliseconds, so it fires at most once per deadline and usually finds nothing to do.
        deadline_ms = self._parked.next_deadline_ms()
        if deadline_ms is not None and not self._expiry_is_set:
            self._expiry_is_set = True
            self._timers.set((*self._name, "parked"), deadline_ms, self._expire)

    def _expire(self, now: Now) -> None:
        self._expiry_is_set = False
        taken_back = self._parked.expire(now)
        if self.trace.on and taken_back:
            self._tell("taken back", answers=taken_back, why=f"not replicated within {self._deadline_ms} ms")
        self._watch_deadlines()

    # Timers of the shard.

    def _set_timer(self, timer: Timer) -> None:
        self._timer_keys[timer.key] = None
        self._timers.set(
            (*self._name, *timer.key), timer.deadline_ms, lambda at: self._timer_fired(timer, at)
        )

    def _timer_fired(self, timer: Timer, now: Now) -> None:
        self._timer_keys.pop(timer.key, None)

        def retry(_: Rejected, at: Now) -> None:
            self._set_timer(Timer(timer.key, at.monotonic_ms + TIMER_RETRY_BACKOFF_MS, timer.run))

        self.write(lambda _, at: timer.run(at), _nobody_waits, retry, now)

    # Loading, and losing, the partition.

    def load(self, entries: Iterable[LoggedRecord | LoggedMarker]) -> None:
        """Replay a chunk of the log, in order."""
        assert self.is_loading, "only a partition being loaded is loaded"
        for entry in entries:
            assert entry.offset >= self.end_offset, "the log is replayed in order, once"
            if isinstance(entry, LoggedMarker):
                self.shard.replay_end_transaction_marker(*entry)
            else:
                self.shard.replay(*entry)
            self.end_offset = entry.offset + 1

    def finish_load(self, now: Now) -> None:
        """The chunks reached the log end: serve. What the shard wants done about its past (T17) waits, like an
        answer, until the last record it read is committed: an unreplicated tail may yet be lost with us.
        """
        assert self.is_loading, "a partition is loaded once"
        self.is_loading = False
        if self.trace.on:
            self._tell("loaded", coordinator_epoch=self.coordinator_epoch, end_offset=self.end_offset)
        self.write(lambda shard, at: shard.on_loaded(at), _nobody_waits, self._load_refused, now)

    def _load_refused(self, _: Rejected, now: Now) -> None:
        """What the shard wanted to write after loading was refused (under min ISR, say): its sessions and its markers
        depend on it, so it is asked again."""
        self._set_timer(Timer(ON_LOADED, now.monotonic_ms + TIMER_RETRY_BACKOFF_MS, self.shard.on_loaded))

    def replay_marker(self, marker: LoggedMarker) -> None:
        """A marker was appended here by WriteTxnMarkers. While loading, the loader is going to read it."""
        if not self.is_loading:
            assert marker.offset >= self.end_offset, "markers are appended, like everything"
            self.shard.replay_end_transaction_marker(*marker)
            self.end_offset = marker.offset + 1

    def unload(self, now: Now) -> None:
        """Leadership is lost: forget the state, tell everyone who waits."""
        for key in self._timer_keys:
            self._timers.cancel((*self._name, *key))
        self._timers.cancel((*self._name, "parked"))
        if self.trace.on:
            self._tell("given up", coordinator_epoch=self.coordinator_epoch, parked=len(self._parked))
        self.shard.on_unloaded()
        self._parked.drop(Rejected(ErrorCode.NOT_COORDINATOR, "leadership of the coordinator moved"), now)

    # Telling what happened.

    def _tell(self, what: str, **facts: Any) -> None:
        self.trace.event(
            "coordinator", "T1" if self._is_of_transactions else "G1", self._partition, what=what, **facts
        )

    def _tell_refused(self, refusal: Rejected) -> None:
        if self.trace.on:
            self.trace.event(
                "refused",
                refusal.rule or ("T1" if self._is_of_transactions else "G1"),
                self._partition,
                code=refusal.code.name,
                why=refusal.why,
            )


def _nobody_waits(_: object, __: Now) -> None:
    """The answer to work the coordinator gave itself."""
