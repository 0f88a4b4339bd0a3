"""Random runs of one partition: what clients know and what brokers told contain each other, and a lie on either side
shows.

A run is made of sends (answered, answered in vain, or never answered; perhaps sent again) and of power cuts that end
the log lower. The ledger gets the events, the checker the clients' lines.
"""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from minikafka.checker.judge import judge as check
from minikafka.checker.operation import Op, Operation, Type
from minikafka.lab.containment import compare
from minikafka.ledger.facts import Facts
from minikafka.ledger.logs import LoggedBatch
from minikafka.ledger.verdict import Verdict, judge

from tests.unit.ledger.told import ORDERS, Told, a_batch, a_log

ANSWERED, IN_VAIN, NEVER = "answered", "answered in vain", "never answered"
SENDS = st.tuples(st.sampled_from((ANSWERED, IN_VAIN, NEVER)), st.booleans())
CUTS = st.integers(min_value=1, max_value=3)
RUNS = st.lists(st.one_of(SENDS, CUTS), min_size=1, max_size=12)


class Life:
    """One run, from both sides."""

    def __init__(self, steps: list[tuple[str, bool] | int]) -> None:
        self.told = Told()
        self.log: list[LoggedBatch] = []
        self.history: list[Operation] = []
        for number, step in enumerate(steps):
            if isinstance(step, int):
                self._cut(step)
            else:
                self._send(number, *step)
        self._read()

    def _line(self, kind: Type, op: Op, process: str, **fields: object) -> None:
        place = {"topic": ORDERS.topic, "partition": ORDERS.partition, **fields}
        self.history.append(Operation(kind, op, process, **place))  # type: ignore[arg-type]

    def _send(self, number: int, answer: str, again: bool) -> None:
        name = f"r{number}"
        self._line(Type.INVOKE, Op.SEND, "p", id=name)
        batch = self._append(number, left=answer is not NEVER)
        if again and answer is not ANSWERED:
            batch = self._append(number, left=True)
        elif answer is not ANSWERED:
            return
        self._line(Type.OK, Op.SEND, "p", id=name, offset=batch.base_offset)

    def _append(self, number: int, *, left: bool) -> LoggedBatch:
        batch = a_batch(len(self.log), b"r%d" % number, timestamp=number)
        self.told.acknowledged(batch, left=left)
        self.log.append(batch)
        return batch

    def _cut(self, records: int) -> None:
        del self.log[max(0, len(self.log) - records) :]
        self.told.event(1, "recovery", "D2", log_end_offset=len(self.log))

    def _read(self) -> None:
        for batch in self.log:
            value = b"r%d" % _number(batch)
            self._line(Type.OK, Op.POLL, "reader", id=value.decode(), offset=batch.base_offset)
        self._line(Type.OK, Op.READ, "reader", offset=len(self.log), final=True)

    def ledger(self) -> Verdict:
        return judge(Facts(self.told.events()), [a_log(*self.log)])


def _number(batch: LoggedBatch) -> int:
    return batch.first_timestamp_ms


@given(RUNS)
def test_each_side_contains_the_other(steps: list[tuple[str, bool] | int]) -> None:
    """Whatever is lost or duplicated, and whoever heard of it."""
    life = Life(steps)
    found = compare(life.ledger(), check(life.history), life.history)
    assert found.holds, str(found)


@given(RUNS)
def test_a_ledger_that_says_less_is_caught(steps: list[tuple[str, bool] | int]) -> None:
    """Each loss and duplicate of a client's that it leaves out."""
    life = Life(steps)
    ledger, clients = life.ledger(), check(life.history)
    silent = ledger._replace(findings=())
    known = compare(ledger, clients, life.history).both
    assert len(compare(silent, clients, life.history).violations) == known


@given(RUNS)
def test_a_checker_that_says_less_is_caught(steps: list[tuple[str, bool] | int]) -> None:
    """Losses that clients were told of and do not complain about, where there is no send that they know nothing of."""
    life = Life([step if isinstance(step, int) else (ANSWERED, False) for step in steps])
    ledger, clients = life.ledger(), check(life.history)
    silent = clients._replace(findings=())
    assert compare(ledger, silent, life.history).holds == (not ledger.lost)


@given(RUNS)
def test_acknowledgements_that_no_broker_sent_are_caught(steps: list[tuple[str, bool] | int]) -> None:
    """One more than left."""
    life = Life([(ANSWERED, False), *steps])
    extra = [
        Operation(Type.OK, Op.SEND, "q", f"q{n}", ORDERS.topic, 0, 100 + n) for n in range(2 * len(steps) + 2)
    ]
    history = [*extra, *life.history]
    found = compare(life.ledger(), check(life.history), history)
    assert any("acknowledgements left" in one for one in found.violations)
