"""A coordinator is a replicated state machine over one partition: handle -> records, replay -> state, park -> reply.

- `handle` (any method of a shard that takes a request) *decides*: it reads state, changes nothing, and returns a
  `Result`: the records that would make it true, the answer, and what else to do. Or it raises `Rejected`.
- `replay` *changes*: it is the only way state moves, and it runs the same for a record just written, for one read
  back after a restart, and on whichever broker leads next.
- The runtime (`coordinator/runtime.py`) appends the records, replays them, and *parks* the answer until the high
  watermark has passed them. So nothing that was answered can be lost with the coordinator.

Shape after Apache Kafka's coordinator-common (CoordinatorShard, CoordinatorResult), without its timeline collections:
reads wait for what was written before them instead (ADR 0004).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, NamedTuple, Protocol, TypeVar

from minikafka.types import Now, Offset, ProducerEpoch, ProducerId

T = TypeVar("T")


class CoordinatorRecord(NamedTuple):
    """One record of an internal topic. `value` None is a tombstone."""

    key: bytes
    value: bytes | None


@dataclass(slots=True)
class Timer:
    """A timer of a shard: `run(now)` decides again, like a request, when it is due; setting a key again moves it."""

    key: tuple[str, ...]
    deadline_ms: int
    run: Callable[[Now], Result[None]]


@dataclass(slots=True)
class Result(Generic[T]):
    """What a shard decided.

    records: to be appended as one batch; may be empty.
    response: answered once the records, and everything the shard wrote before them, are below the high watermark.
        None: nobody is answered now; the shard kept the request (a parked JoinGroup) and answers it later, through
        `after` of a later result or from `on_unloaded`.
    timers, cancelled_timers: set or removed as soon as the records are replayed.
    after: run once the records are committed (below the high watermark): replies to other waiting requests
        (a parked JoinGroup), calls to other brokers (WriteTxnMarkers).
    told: run once the records are in the log and replayed; they tell the trace what was decided and why. Filled only
        while somebody listens.
    """

    records: list[CoordinatorRecord] = field(default_factory=list)
    response: T | None = None
    timers: list[Timer] = field(default_factory=list)
    cancelled_timers: list[tuple[str, ...]] = field(default_factory=list)
    after: list[Callable[[Now], None]] = field(default_factory=list)
    told: list[Callable[[], object]] = field(default_factory=list)
    producer_id: ProducerId = -1
    """With `producer_epoch`: write the records as a transactional batch of this producer (TxnOffsetCommit, T12)."""
    producer_epoch: ProducerEpoch = -1


class Shard(Protocol):
    """The state of one coordinator partition."""

    def replay(
        self,
        offset: Offset,
        record: CoordinatorRecord,
        producer_id: ProducerId,
        producer_epoch: ProducerEpoch,
    ) -> None:
        """Apply one record. `producer_id` is -1 unless its batch was transactional. Must accept every record that
        any version of this shard ever wrote, in log order.
        """

    def replay_end_transaction_marker(
        self, offset: Offset, producer_id: ProducerId, producer_epoch: ProducerEpoch, committed: bool
    ) -> None:
        """Apply an end-transaction marker of this partition (offsets pending since T12 become visible or go)."""

    def on_loaded(self, now: Now) -> Result[None]:
        """Everything written so far was replayed and this broker leads: set timers, resend markers (T17)."""

    def on_unloaded(self) -> None:
        """Leadership is lost: answer whoever still waits in the shard with NOT_COORDINATOR [16]."""
