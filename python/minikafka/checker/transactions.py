"""Aborted reads, torn and hanging transactions: all of a transaction is visible, or nothing, and in the end one of
them.

aborted read   a reader was given a record whose transaction did not commit. Only read_committed promises otherwise
torn           after a final read_committed read, some of a transaction's records are visible and some are not
hanging        final reads of one partition end at different offsets for read_committed and read_uncommitted: the last
stable offset does not move, and nobody is left to move it
"""

from __future__ import annotations

from collections.abc import Iterator

from minikafka.checker.anomaly import Anomaly
from minikafka.checker.operation import READ_COMMITTED, READ_UNCOMMITTED, Operation, Type
from minikafka.checker.outcomes import Outcome, Outcomes, Send, Transaction
from minikafka.checker.reads import Range, Reads
from minikafka.checker.verdict import ClientFinding, Stage


def aborted_reads(outcomes: Outcomes, reads: Reads) -> Iterator[ClientFinding]:
    """Each record once, with the first reader that got it. Where consumers are to be read_committed, a reader that is
    not only looks how far the log goes."""
    for transaction in outcomes.transactions:
        if transaction.outcome is not Outcome.FAILED:
            continue
        for send in transaction.sends:
            polls = [poll for poll in _polls_of(send, outcomes, reads) if reads.counts(poll)]
            if polls:
                poll = polls[0]
                why = f"{transaction} did not commit; the reader was {reads.isolation_of(poll)}"
                yield ClientFinding(
                    Anomaly.ABORTED_READ,
                    send.id,
                    send.topic,
                    poll.partition,
                    poll.offset,
                    why,
                    Stage.BROKER,
                    (*send.evidence, poll),
                )


def torn(outcomes: Outcomes, reads: Reads) -> Iterator[ClientFinding]:
    """Transactions of which a final read_committed reader got a part."""
    for transaction in outcomes.transactions:
        judged = [send for send in transaction.sends if _is_judged(send, reads)]
        got = {send.order: _committed_polls(send, outcomes, reads) for send in judged}
        missing = [send for send in judged if not got[send.order]]
        seen = [send for send in judged if got[send.order]]
        if missing and seen:
            yield _torn(transaction, seen, missing, got[seen[0].order][0])


def _torn(transaction: Transaction, seen: list[Send], missing: list[Send], poll: Operation) -> ClientFinding:
    why = f"{_names(seen)} can be read, {_names(missing)} cannot; its outcome: {transaction.outcome}"
    evidence = (*missing[0].evidence, *seen[0].evidence, poll)
    send = missing[0]
    return ClientFinding(
        Anomaly.TORN, str(transaction), send.topic, send.partition, send.offset, why, Stage.BROKER, evidence
    )


def _names(sends: list[Send]) -> str:
    more = f" and {len(sends) - 3} more" if len(sends) > 3 else ""
    return ", ".join(send.id for send in sends[:3]) + more


def _is_judged(send: Send, reads: Reads) -> bool:
    """Written for certain, and a final read_committed reader has passed the place, or the end of all it may be in. With
    an unknown end of the transaction, what was written for certain must still be seen together."""
    if send.told is None or send.told.type is not Type.OK:
        return False
    ranges = _finals(reads, send.topic, send.partition)
    return bool(ranges) and all(max(send.offset, 0) >= one.first for one in ranges)


def _finals(reads: Reads, topic: str, partition: int) -> list[Range]:
    ranges = reads.ranges(topic, partition, READ_COMMITTED)
    return [one for one in ranges if one.is_final and one.isolation == READ_COMMITTED]


def _committed_polls(send: Send, outcomes: Outcomes, reads: Reads) -> list[Operation]:
    return [poll for poll in _polls_of(send, outcomes, reads) if reads.is_committed_only(poll)]


def _polls_of(send: Send, outcomes: Outcomes, reads: Reads) -> list[Operation]:
    """Of this attempt: at its offset, where that is known; else wherever no other attempt was."""
    polls = reads.by_id.get((send.topic, send.id), [])
    if send.offset >= 0:
        return [poll for poll in polls if (poll.partition, poll.offset) == (send.partition, send.offset)]
    others = {
        (other.partition, other.offset)
        for other in outcomes.attempts[send.topic, send.id]
        if other is not send
    }
    return [poll for poll in polls if (poll.partition, poll.offset) not in others]


def hanging(outcomes: Outcomes, reads: Reads) -> Iterator[ClientFinding]:
    """Partitions whose last stable offset stays behind."""
    for topic, partitions in reads.partitions.items():
        for partition in sorted(partitions):
            stable = max((one.end for one in _finals(reads, topic, partition)), default=None)
            ranges = reads.ranges(topic, partition, READ_UNCOMMITTED)
            ends = [one.end for one in ranges if one.is_final and one.isolation == READ_UNCOMMITTED]
            if stable is None or not ends or stable >= max(ends):
                continue
            holds = [
                send
                for transaction in outcomes.transactions
                for send in transaction.sends
                if (send.topic, send.partition, send.offset) == (topic, partition, stable)
            ]
            name = str(holds[0].transaction) if holds else "a transaction"
            why = f"read_committed ends there, and the high watermark is {max(ends)}"
            evidence = holds[0].evidence if holds else ()
            yield ClientFinding(Anomaly.HANGING, name, topic, partition, stable, why, Stage.BROKER, evidence)
