"""Events as brokers tell them, and logs as consumers read them, made by hand."""

from __future__ import annotations

from collections.abc import Mapping

from minikafka.history import Event, History
from minikafka.ledger.facts import Facts
from minikafka.ledger.logs import NOBODY_KNOWS, IdOf, LoggedBatch, LoggedPartition, logged_batches
from minikafka.ledger.verdict import Verdict, judge
from minikafka.log.batch import build_batch, build_end_transaction_marker, inspect_batches
from minikafka.trace import Fact, Trace
from minikafka.types import Now, TopicPartition

ORDERS = TopicPartition("orders", 0)
UNPLACED = frozenset({"left", "transaction", "topic"})


class Told:
    """Events of brokers, written down as a node would tell them."""

    def __init__(self) -> None:
        self.history = History()
        self._traces: dict[int, Trace] = {}

    def event(
        self,
        broker: int,
        kind: str,
        rule: str,
        *,
        cause: int | None = None,
        at: TopicPartition | None = ORDERS,
        t_ms: int = 0,
        **facts: Fact,
    ) -> int:
        trace = self._traces.setdefault(broker, Trace(on=True))
        trace.begin(Now(t_ms, 0))
        n = trace.event(kind, rule, None if kind in UNPLACED else at, cause, **facts)
        self.history.record(broker, trace.take())
        return n

    def appended(self, batch: LoggedBatch, *, broker: int = 1, name: TopicPartition = ORDERS) -> int:
        return self.event(
            broker,
            "append",
            "L3",
            at=name,
            base_offset=batch.base_offset,
            last_offset=batch.last_offset,
            leader_epoch=batch.leader_epoch,
            crc=batch.crc,
            producer_id=batch.producer_id,
            producer_epoch=batch.producer_epoch,
            first_sequence=batch.first_sequence,
            transactional=batch.is_transactional,
        )

    def replicated(self, batch: LoggedBatch, broker: int) -> None:
        first, last = batch.base_offset, batch.last_offset
        self.event(broker, "append", "R11", base_offset=first, last_offset=last, replicated=True)

    def read(
        self,
        offset: int,
        next_offset: int,
        *,
        committed: bool = False,
        aborted: tuple[int, ...] = (),
        stable: int = 100,
    ) -> None:
        """A consumer was handed that."""
        bound = "last stable offset" if committed else "high watermark"
        self.event(
            1,
            "fetch",
            "F1",
            what="read",
            replica_id=-1,
            client_id="reader",
            offset=offset,
            next_offset=next_offset,
            last_stable_offset=stable,
            bound=bound,
            aborted=aborted,
        )

    def moved(self, was: str, to: str, *, epoch: int, rule: str = "T7", **facts: Fact) -> None:
        """The transaction of `t`, producer 7, at the coordinator."""
        known = {"transactional_id": "t", "producer_id": 7, "producer_epoch": epoch, **facts}
        self.event(1, "transaction", rule, was=was, to=to, **known)

    def acknowledged(
        self, batch: LoggedBatch, *, acks: int = -1, left: bool = True, client_id: str = "c"
    ) -> None:
        append = self.appended(batch)
        ack = self.event(1, "ack", "R7", cause=append, acks=acks, code="NONE", client_id=client_id)
        if left:
            self.event(1, "left", "L14", cause=ack, acks=[ack])

    def events(self) -> list[Event]:
        return self.history.events()


def a_batch(
    offset: int,
    value: bytes,
    *,
    timestamp: int = 5,
    epoch: int = 0,
    headers: tuple[tuple[str, bytes], ...] = (),
    transactional: bool = False,
    **producer: int,
) -> LoggedBatch:
    data = build_batch([(timestamp, None, value, headers)], transactional=transactional, **producer)
    (header,) = inspect_batches(data)
    (batch,) = logged_batches(offset.to_bytes(8, "big") + data[8:])
    assert header.crc == batch.crc
    return batch._replace(leader_epoch=epoch)


def in_transaction(offset: int, value: bytes, *, epoch: int = 0, sequence: int = 0) -> LoggedBatch:
    """Of producer 7."""
    return a_batch(
        offset, value, transactional=True, producer_id=7, producer_epoch=epoch, base_sequence=sequence
    )


def a_marker(offset: int, *, commit: bool, epoch: int = 1) -> LoggedBatch:
    """Of producer 7."""
    data = build_end_transaction_marker(
        producer_id=7, producer_epoch=epoch, commit=commit, coordinator_epoch=0, timestamp=5
    )
    (batch,) = logged_batches(offset.to_bytes(8, "big") + data[8:])
    return batch._replace(leader_epoch=0)


def a_log(*batches: LoggedBatch, **changed: object) -> LoggedPartition:
    end = batches[-1].last_offset + 1 if batches else 0
    log = LoggedPartition(ORDERS, True, "", 0, 0, end, end, end, False, list(batches))
    return log._replace(**changed)  # type: ignore[arg-type]


def verdict(
    told: Told,
    *logs: LoggedPartition,
    id_header: str | None = None,
    id_of: Mapping[str, IdOf] = NOBODY_KNOWS,
    fsync: bool = False,
) -> Verdict:
    return judge(Facts(told.events()), logs, id_header, id_of, fsync=fsync, ourselves="ourselves")
