"""What each side of a verdict has to know of what the other knows."""

from __future__ import annotations

from minikafka.checker.judge import judge as check
from minikafka.checker.operation import Op, Operation, Type
from minikafka.lab.containment import Containment, compare
from minikafka.ledger.verdict import Verdict

from tests.unit.ledger.told import ORDERS, Told, a_batch, a_log, verdict

ONE, TWO = a_batch(0, b"one"), a_batch(1, b"two")


def line(
    kind: Type, op: Op, *, name: str = "", offset: int = -1, process: str = "p", final: bool = False
) -> Operation:
    return Operation(kind, op, process, name, *ORDERS, offset, final=final)


def sent(name: str, offset: int | None) -> list[Operation]:
    """`offset`: None where no answer came."""
    told = [] if offset is None else [line(Type.OK, Op.SEND, name=name, offset=offset)]
    return [line(Type.INVOKE, Op.SEND, name=name), *told]


def read(end: int, *names: str) -> list[Operation]:
    polls = [line(Type.OK, Op.POLL, name=name, offset=at, process="r") for at, name in enumerate(names)]
    return [*polls, line(Type.OK, Op.READ, offset=end, final=True, process="r")]


def compared(ledger: Verdict, history: list[Operation]) -> Containment:
    return compare(ledger, check(history), history)


def test_a_loss_that_both_have() -> None:
    """At the offset that the producer was told."""
    told = Told()
    told.acknowledged(ONE)
    found = compared(verdict(told, a_log()), [*sent("one", 0), *read(0)])
    assert (found.holds, found.both) == (True, 1)


def test_a_loss_that_the_ledger_does_not_have() -> None:
    """One of the two is wrong."""
    told = Told()
    told.acknowledged(ONE)
    found = compared(verdict(told, a_log(ONE)), [*sent("one", 0), *read(1)])
    assert not found.holds
    assert "not in the ledger: lost: one" in found.violations[0]


def test_a_loss_before_the_broker_is_the_clients_alone() -> None:
    """As acks=0 loses: no offset was told, and no broker knows."""
    history = [*sent("one", -1), *read(0)]
    found = compared(verdict(Told(), a_log()), history)
    assert (found.holds, found.client_only) == (True, 1)


def test_a_loss_that_no_client_heard_of() -> None:
    """The answer left, and never arrived."""
    told = Told()
    told.acknowledged(ONE)
    ledger = verdict(told, a_log())
    found = compared(ledger, [*sent("one", None), *read(0)])
    assert (found.holds, found.ledger_only) == (True, 1)
    assert not compared(ledger, [*sent("two", 1), *read(2, "x", "two")]).holds


def test_more_acknowledgements_than_left() -> None:
    """Somebody was told what no broker said."""
    found = compared(verdict(Told(), a_log(ONE, TWO)), [*sent("one", 0), *read(2, "one", "two")])
    assert "0 acknowledgements left" in found.violations[-1]


def test_what_cannot_be_judged_is_not_compared() -> None:
    """By either side."""
    ledger = verdict(Told(), a_log(is_readable=False, why="nobody leads it"))
    assert compared(ledger, [*sent("one", 0), *read(0)]).holds
