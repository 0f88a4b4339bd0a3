"""The verdict over a history: every eye looks, and the configuration says what of it was promised.

A partition that took acknowledged records and was not read to an end cannot be judged: it is in `inconclusive`, and the
verdict is not clean.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from minikafka.checker import gone, order, transactions, twice
from minikafka.checker.allowed import Configuration, permitted
from minikafka.checker.operation import Operation
from minikafka.checker.outcomes import Outcome, Outcomes
from minikafka.checker.reads import Reads
from minikafka.checker.verdict import ClientFinding, ClientVerdict

DEFAULT: Final = Configuration()


def judge(history: Iterable[Operation], configuration: Configuration = DEFAULT) -> ClientVerdict:
    """Everything that this history shows, in one pass of each eye; it is read whole into memory."""
    operations = list(history)
    outcomes = Outcomes(operations)
    reads = Reads(operations, configuration.isolation)
    return ClientVerdict(
        tuple(
            _weighed(finding, configuration) for finding in _found(operations, outcomes, reads, configuration)
        ),
        sent=len(outcomes.attempts),
        acknowledged=outcomes.of(Outcome.ACKNOWLEDGED),
        failed=outcomes.of(Outcome.FAILED),
        indeterminate=outcomes.of(Outcome.INDETERMINATE),
        received=len(reads.polls),
        inconclusive=_inconclusive(outcomes, reads),
    )


def _found(
    history: Sequence[Operation], outcomes: Outcomes, reads: Reads, configuration: Configuration
) -> Iterator[ClientFinding]:
    yield from gone.find(outcomes, reads, configuration)
    yield from gone.unprocessed(history, outcomes, reads)
    yield from twice.find(outcomes, reads)
    yield from twice.delivered(history)
    yield from order.reordered(outcomes, reads)
    yield from order.skipped(reads)
    yield from transactions.aborted_reads(outcomes, reads)
    yield from order.refused(outcomes, reads)
    yield from transactions.torn(outcomes, reads)
    yield from transactions.hanging(outcomes, reads)
    yield from order.reused(outcomes, reads)
    yield from order.unexpected(outcomes, reads)


def _weighed(finding: ClientFinding, configuration: Configuration) -> ClientFinding:
    row = permitted(finding.anomaly, finding.stage, configuration)
    return finding if row is None else finding._replace(allowed=row.why, prevented_by=row.prevented_by)


def _inconclusive(outcomes: Outcomes, reads: Reads) -> dict[str, str]:
    if not outcomes.attempts:
        return {"history": "nothing was sent"}
    unread: dict[str, str] = {}
    for send in outcomes.sends:
        if send.outcome is not Outcome.ACKNOWLEDGED:
            continue
        wanted = [send.partition] if send.partition >= 0 else sorted(reads.partitions.get(send.topic, ()))
        if not wanted:
            unread[send.topic] = "acknowledged records, and no reader read any of its partitions to an end"
        for partition in wanted:
            if not reads.ranges(send.topic, partition):
                unread[f"{send.topic}-{partition}"] = "acknowledged records, and no reader read it to an end"
    return unread
