"""The client-side checker over what client programs said: their lines become a history.

A record is named `producer:number`, so the order of invocation is the order of the numbers, although programs tell of a
record only when they know its outcome. Readers are taken to have read everything, to the end: that is for the scenario
to see to.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from minikafka.checker.allowed import Configuration
from minikafka.checker.judge import judge as check
from minikafka.checker.operation import READ_UNCOMMITTED, Op, Type
from minikafka.checker.operation import Operation as Line
from minikafka.checker.verdict import ClientVerdict

from conformance.history import Operation, Outcome

TYPES: Final = {Outcome.OK: Type.OK, Outcome.FAIL: Type.FAIL, Outcome.UNKNOWN: Type.INFO}
EVERYTHING: Final = 1 << 62
"""Behind the end of any partition."""
CONFIGURATION: Final = Configuration(isolation=READ_UNCOMMITTED)


def judge(sends: Iterable[Operation], *readers: Sequence[Operation]) -> ClientVerdict:
    """Compare what producers were told with what readers saw; operations of other kinds are passed over. `readers`:
    what each received, in its order. What was copied to another topic is judged as if it had been sent there."""
    sent = [operation for operation in sends if operation.op == "send"]
    receipts = [[operation for operation in reader if operation.op == "recv"] for reader in readers]
    topics = {operation.topic for reader in receipts for operation in reader}
    is_copy = bool(topics) and topics.isdisjoint({operation.topic for operation in sent})
    history = [*_sends(sent, is_copy), *_reads(receipts, sent)]
    return check(history, CONFIGURATION)


def _sends(sent: Sequence[Operation], is_copy: bool) -> Iterator[Line]:
    def order(operation: Operation) -> tuple[str, int]:
        producer, _, number = operation.id.rpartition(":")
        return producer, int(number)

    for operation in sorted(sent, key=order):
        process = order(operation)[0]
        place = (-1, -1) if is_copy else (operation.partition, operation.offset)
        yield Line(Type.INVOKE, Op.SEND, process, operation.id, "records")
        yield Line(
            TYPES[operation.outcome],
            Op.SEND,
            process,
            operation.id,
            "records",
            *place,
            error=operation.error,
        )


def _reads(readers: Sequence[Sequence[Operation]], sent: Sequence[Operation]) -> Iterator[Line]:
    partitions = {one.partition for reader in readers for one in reader} | {one.partition for one in sent}
    for number, reader in enumerate(readers):
        process = f"reader-{number}"
        for one in reader:
            yield Line(
                Type.OK, Op.POLL, process, one.id, "records", one.partition, one.offset, group="readers"
            )
        for partition in sorted(partitions - {-1}) or [0]:
            yield Line(Type.OK, Op.READ, process, "", "records", partition, EVERYTHING, final=True)
