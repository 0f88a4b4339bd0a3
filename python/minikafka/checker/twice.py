"""Duplicated: one record, more than once.

in the log       readers found it at two places. If the application sent it twice, that is where it began
after delivery   one place, processed twice; where nothing says `process`, polled twice by one process or group
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from minikafka.checker.anomaly import Anomaly
from minikafka.checker.operation import Op, Operation
from minikafka.checker.outcomes import Outcomes
from minikafka.checker.reads import Reads, place_of
from minikafka.checker.verdict import ClientFinding, Stage


def find(outcomes: Outcomes, reads: Reads) -> Iterator[ClientFinding]:
    """Every copy behind the first, in the order of offsets."""
    for (topic, name), polls in reads.by_id.items():
        places = sorted({place_of(poll): poll for poll in reversed(polls)}.items())
        written = {send.offset for send in outcomes.attempts.get((topic, name), ()) if send.offset >= 0}
        sends = len(outcomes.attempts.get((topic, name), ()))
        (first, first_poll), *copies = places
        for place, poll in copies:
            by_application = sends > 1 and (place.offset in written or len(places) <= sends)
            why = f"it is at {first} already" + (f", and was sent {sends} times" if by_application else "")
            stage = Stage.CLIENT if by_application else Stage.BROKER
            yield ClientFinding(
                Anomaly.DUPLICATED,
                name,
                topic,
                place.partition,
                place.offset,
                why,
                stage,
                (first_poll, poll),
            )


def delivered(history: Iterable[Operation]) -> Iterator[ClientFinding]:
    """One copy, taken more than once."""
    taken = [operation for operation in history if operation.op in {Op.POLL, Op.PROCESS}]
    worked = {operation.topic for operation in taken if operation.op is Op.PROCESS}
    first: dict[tuple[object, ...], Operation] = {}
    for operation in taken:
        if (operation.op is Op.PROCESS) != (operation.topic in worked):
            continue
        by = "" if operation.op is Op.PROCESS else operation.group or operation.process
        key = (by, operation.topic, operation.id, operation.partition, operation.offset)
        if key in first:
            verb = "processed" if operation.op is Op.PROCESS else "polled"
            yield ClientFinding(
                Anomaly.DUPLICATED,
                operation.id,
                operation.topic,
                operation.partition,
                operation.offset,
                f"{verb} again",
                Stage.DELIVERY,
                (first[key], operation),
            )
        first.setdefault(key, operation)
