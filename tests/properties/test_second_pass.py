"""What the second pass over the events leaves aside changes no verdict.

Random runs of two partitions: anything may be told in any order, and the logs may lack anything. Judged with the
events of what stands out, and with all of them, they come to the same, word for word.
"""

from __future__ import annotations

from collections.abc import Callable
from unittest.mock import patch

from hypothesis import given
from hypothesis import strategies as st
from minikafka.ledger.facts import Facts
from minikafka.ledger.logs import LoggedBatch, LoggedPartition, logged_batches
from minikafka.ledger.partition_evidence import PartitionEvidence
from minikafka.ledger.verdict import Verdict, judge
from minikafka.log.batch import build_batch, build_end_transaction_marker
from minikafka.types import TopicPartition

from tests.unit.ledger.told import Told

NAMES = (TopicPartition("orders", 0), TopicPartition("orders", 1))
BROKERS = st.sampled_from((1, 1, 2, 3))
SMALL = st.integers(min_value=0, max_value=5)
MOVES = (
    ("EMPTY", "ONGOING"),
    ("ONGOING", "PREPARE_COMMIT"),
    ("ONGOING", "PREPARE_ABORT"),
    ("PREPARE_COMMIT", "COMPLETE_COMMIT"),
    ("PREPARE_ABORT", "COMPLETE_ABORT"),
    ("PREPARE_ABORT", "PREPARE_ABORT"),
)


def at(offset: int, data: bytes) -> LoggedBatch:
    (batch,) = logged_batches(offset.to_bytes(8, "big") + data[8:])
    return batch._replace(leader_epoch=0)


class Life:
    """One run: each step is a kind, a broker, a partition and a number to do it by."""

    def __init__(self, steps: list[tuple[str, int, int, int]]) -> None:
        self.told = Told()
        self.logs: dict[TopicPartition, list[LoggedBatch]] = {name: [] for name in NAMES}
        self._appends: list[tuple[int, int, TopicPartition]] = []
        self._acks: list[tuple[int, int]] = []
        for kind, broker, partition, number in steps:
            DO[kind](self, broker, NAMES[partition], number)

    def _end(self, name: TopicPartition) -> int:
        return self.logs[name][-1].last_offset + 1 if self.logs[name] else 0

    def _place(self, name: TopicPartition, number: int) -> int:
        """An offset near the end."""
        return max(0, self._end(name) - number)

    def append(self, broker: int, name: TopicPartition, number: int) -> None:
        records = [(5, None, b"v%d" % number, ())] * (1 + number % 2)
        producer = {} if number < 2 else {"producer_id": 7, "producer_epoch": 0, "base_sequence": number % 3}
        built = build_batch(records, transactional=number > 3, **producer)
        batch = at(self._end(name), built)
        judged = {"producer_id": batch.producer_id, "first_sequence": batch.first_sequence}
        self.told.event(broker, "sequence", "I5", at=name, outcome="accepted", **judged)
        self._appends.append((broker, self.told.appended(batch, broker=broker, name=name), name))
        self.logs[name].append(batch)

    def ack(self, broker: int, name: TopicPartition, number: int) -> None:
        for told_by, append, place in self._appends[-1 - number :][:1]:
            code = "NONE" if number else "REQUEST_TIMED_OUT"
            ack = self.told.event(
                told_by, "ack", "R7", at=place, cause=append, acks=-1, code=code, client_id="c"
            )
            self._acks.append((told_by, ack))

    def left(self, broker: int, name: TopicPartition, number: int) -> None:
        for told_by, ack in self._acks[-1 - number :][:1]:
            self.told.event(told_by, "left", "L14", cause=ack, acks=(ack,))

    def again(self, broker: int, name: TopicPartition, number: int) -> None:
        first = self._place(name, number)
        n = self.told.event(broker, "sequence", "I3", at=name, outcome="duplicate", first_offset=first)
        self._appends.append((broker, n, name))

    def copy(self, broker: int, name: TopicPartition, number: int) -> None:
        first = self._place(name, number)
        facts = {"base_offset": first, "last_offset": first + number % 2}
        self.told.event(broker, "append", "R11", at=name, replicated=True, **facts)
        self.told.event(1, "high_watermark", "R4", at=name, before=first, offset=first + 1)

    def flush(self, broker: int, name: TopicPartition, number: int) -> None:
        self.told.event(broker, "flush", "D2", at=name, recovery_point=self._place(name, number))

    def cut(self, broker: int, name: TopicPartition, number: int) -> None:
        end = self._end(name)
        del self.logs[name][len(self.logs[name]) - number :]
        if number % 2:
            self.told.event(broker, "truncate", "R11", at=name, offset=self._end(name), before=end)
        else:
            self.told.event(broker, "recovery", "D2", at=name, log_end_offset=self._end(name))

    def elect(self, broker: int, name: TopicPartition, number: int) -> None:
        facts = {"leader_epoch": number, "isr": (1, 2, 3)[: 1 + number % 3]}
        clean = number > 1
        self.told.event(1000, "election", "R13", at=name, leader=broker, before=1, clean=clean, **facts)
        self.told.event(broker, "leader_epoch", "R18", at=name, role="leader", start_offset=0, **facts)

    def read(self, broker: int, name: TopicPartition, number: int) -> None:
        first, bound = self._place(name, number), ("high watermark", "last stable offset")[number % 2]
        told = {"what": "read", "replica_id": -1, "bound": bound, "aborted": (7,)[: number % 3]}
        ends = {"offset": first, "next_offset": self._end(name), "last_stable_offset": self._end(name)}
        self.told.event(broker, "fetch", "F1", at=name, client_id="reader", **told, **ends)

    def refuse(self, broker: int, name: TopicPartition, number: int) -> None:
        self.told.event(broker, "refused", "R7", at=name, api="Produce", code="NOT_ENOUGH_REPLICAS")

    def move(self, broker: int, name: TopicPartition, number: int) -> None:
        was, to = MOVES[number]
        self.told.moved(was, to, epoch=number % 2, partitions=[str(name)])

    def mark(self, broker: int, name: TopicPartition, number: int) -> None:
        offset, epoch = self._end(name), number % 2
        data = build_end_transaction_marker(
            producer_id=7, producer_epoch=epoch, commit=number > 2, coordinator_epoch=0, timestamp=5
        )
        self.logs[name].append(at(offset, data))
        self.told.event(broker, "marker", "T9", at=name, what="commit", offset=offset, producer_id=7)

    def delete(self, broker: int, name: TopicPartition, number: int) -> None:
        if number == 0:
            self.told.event(1000, "topic", "F12", what="deleted", name="orders")

    def verdict(self) -> Verdict:
        logs = []
        for name, batches in self.logs.items():
            end = self._end(name)
            logs.append(LoggedPartition(name, True, "", 0, 0, end, end, end + 1, False, batches))
        return judge(Facts(self.told.events()), logs, fsync=True)


Step = Callable[[Life, int, TopicPartition, int], None]
DO: dict[str, Step] = {
    name: step for name, step in vars(Life).items() if not name.startswith("_") and name != "verdict"
}
OFTEN = ["append", "ack", "left"] * 3
STEPS = st.tuples(st.sampled_from([*OFTEN, *DO]), BROKERS, st.integers(min_value=0, max_value=1), SMALL)


@given(st.lists(STEPS, min_size=15, max_size=60))
def test_the_events_of_what_stands_out_are_enough(steps: list[tuple[str, int, int, int]]) -> None:
    """Each finding, its cause and its chain."""
    life = Life(steps)
    found = life.verdict()
    with (
        patch.object(PartitionEvidence, "_is_wanted", lambda *_: True),
        patch("minikafka.ledger.wanted.Spans.meet", lambda *_: True),
    ):
        everything = life.verdict()
    assert found.as_dict() == everything.as_dict()
