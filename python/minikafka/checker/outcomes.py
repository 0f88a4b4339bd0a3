"""Three-valued outcomes: a client that hears no answer cannot know.

                     send ok          send fail       send info, or no completion
    no transaction   acknowledged     failed          indeterminate
    committed        acknowledged     failed          acknowledged: a commit vouches for every record sent
    aborted          failed           failed          failed: whatever was written must not be seen
    commit unknown   indeterminate    failed          indeterminate

A transaction is committed once its `commit` is ok. It is aborted when `abort` was asked for (it may still be open, but
never commits), when `commit` certainly failed, and when neither was ever asked for: its producer is gone, and the
coordinator will end it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from minikafka.checker.operation import Op, Operation, Type


class Outcome(StrEnum):
    ACKNOWLEDGED = "acknowledged"
    FAILED = "failed"
    INDETERMINATE = "indeterminate"


@dataclass(slots=True)
class Transaction:
    """One, from `begin` to its end; number counts those of its process."""

    process: str
    number: int
    outcome: Outcome = Outcome.FAILED
    sends: list[Send] = field(default_factory=list)

    def __str__(self) -> str:
        return f"{self.process}'s transaction {self.number}"


@dataclass(slots=True)
class Send:
    """One attempt at one record as its producer knows it. order: of invocation, over the whole history."""

    order: int
    invoked: Operation
    transaction: Transaction | None
    told: Operation | None = None

    @property
    def id(self) -> str:
        return self.invoked.id

    @property
    def topic(self) -> str:
        return self.invoked.topic

    @property
    def partition(self) -> int:
        return self.invoked.partition if self.told is None or self.told.partition < 0 else self.told.partition

    @property
    def offset(self) -> int:
        """As the broker told it; -1 if it did not."""
        return -1 if self.told is None or self.told.type is not Type.OK else self.told.offset

    @property
    def outcome(self) -> Outcome:
        told = Type.INFO if self.told is None else self.told.type
        if told is Type.FAIL:
            return Outcome.FAILED
        if self.transaction is not None:
            return self.transaction.outcome
        return Outcome.ACKNOWLEDGED if told is Type.OK else Outcome.INDETERMINATE

    @property
    def evidence(self) -> tuple[Operation, ...]:
        return (
            (self.invoked,) if self.told is None or self.told is self.invoked else (self.invoked, self.told)
        )


class Outcomes:
    """Of every send and every transaction of a history."""

    def __init__(self, history: Iterable[Operation]) -> None:
        self.sends: list[Send] = []
        self.transactions: list[Transaction] = []
        self.attempts: dict[tuple[str, str], list[Send]] = {}
        """By topic and id: an application may send the same record again."""
        self._open: dict[str, Transaction] = {}
        self._begun: Counter[str] = Counter()
        for order, operation in enumerate(history):
            match operation.op:
                case Op.SEND if operation.type is Type.INVOKE:
                    self._invoked(order, operation)
                case Op.SEND:
                    self._told(order, operation)
                case Op.BEGIN if operation.type is not Type.INVOKE:
                    self._begin(operation.process)
                case Op.COMMIT | Op.ABORT:
                    self._end(operation)

    def of(self, outcome: Outcome) -> int:
        """How many records (not attempts) ended so: the best of a record's attempts counts."""
        return sum(best(attempts) is outcome for attempts in self.attempts.values())

    def _invoked(self, order: int, operation: Operation) -> Send:
        transaction = self._open.get(operation.process)
        send = Send(order, operation, transaction)
        self.sends.append(send)
        self.attempts.setdefault((operation.topic, operation.id), []).append(send)
        if transaction is not None:
            transaction.sends.append(send)
        return send

    def _told(self, order: int, operation: Operation) -> None:
        """The process's oldest attempt that heard nothing; a completion alone is an attempt of its own."""
        for send in self.attempts.get((operation.topic, operation.id), ()):
            if send.told is None and send.invoked.process == operation.process:
                send.told = operation
                return
        self._invoked(order, operation).told = operation

    def _begin(self, process: str) -> None:
        self._begun[process] += 1
        self._open[process] = Transaction(process, self._begun[process])
        self.transactions.append(self._open[process])

    def _end(self, operation: Operation) -> None:
        transaction = self._open.get(operation.process)
        if transaction is None:
            return
        if operation.op is Op.COMMIT:
            transaction.outcome = COMMIT_OUTCOMES[operation.type]
        elif operation.type is Type.OK:
            transaction.outcome = Outcome.FAILED
        if operation.type is Type.OK or (operation.op is Op.ABORT and operation.type is not Type.INVOKE):
            del self._open[operation.process]


def best(attempts: Iterable[Send]) -> Outcome:
    """Of a record that was sent more than once: what the application may count on."""
    outcomes = {send.outcome for send in attempts}
    return next(
        (one for one in (Outcome.ACKNOWLEDGED, Outcome.INDETERMINATE) if one in outcomes), Outcome.FAILED
    )


COMMIT_OUTCOMES: Final = {
    Type.INVOKE: Outcome.INDETERMINATE,
    Type.INFO: Outcome.INDETERMINATE,
    Type.OK: Outcome.ACKNOWLEDGED,
    Type.FAIL: Outcome.FAILED,
}
