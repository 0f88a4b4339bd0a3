"""Lost and unseen: acknowledged, and not to be read.

    lost      a reader went past the offset that was promised and did not get the record; or, where no offset was told,
              read to the end of every partition. Or: a group committed past it and nobody processed it
    unseen    no reader got as far as the offset promised: it may be there, above the high watermark, or never have
              been; only a final read, of a cluster whole and at rest, says that nothing is to come

What lies below a reader's first offset went on purpose (retention, DeleteRecords). A compacted topic owes the last
record of a key only.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from minikafka.checker.allowed import Configuration
from minikafka.checker.anomaly import Anomaly
from minikafka.checker.operation import READ_COMMITTED, READ_UNCOMMITTED, Op, Operation, Type
from minikafka.checker.outcomes import Outcome, Outcomes, Send, best
from minikafka.checker.reads import Range, Reads
from minikafka.checker.verdict import ClientFinding, Stage


def find(outcomes: Outcomes, reads: Reads, configuration: Configuration) -> Iterator[ClientFinding]:
    """Every acknowledged record that no reader got."""
    superseded = _superseded(outcomes) if configuration.compacted else set()
    for (topic, name), attempts in outcomes.attempts.items():
        if best(attempts) is not Outcome.ACKNOWLEDGED:
            continue
        send = _promise(attempts)
        isolation = "" if send.transaction is None else READ_COMMITTED
        ranges = _proofs(reads, send, isolation)
        if reads.seen_by(topic, name, ranges) or (topic, name) in superseded:
            continue
        finding = _judge(send, ranges, configuration)
        if finding is not None:
            yield finding


def _promise(attempts: Iterable[Send]) -> Send:
    """The attempt that says most: acknowledged, with an offset."""
    return max(
        attempts, key=lambda send: (send.outcome is Outcome.ACKNOWLEDGED, send.offset >= 0, -send.order)
    )


def _proofs(reads: Reads, send: Send, isolation: str) -> list[Range]:
    if send.partition >= 0 and send.offset >= 0:
        return reads.ranges(send.topic, send.partition, isolation)
    partitions = reads.partitions.get(send.topic, set())
    return [one for partition in partitions for one in reads.ranges(send.topic, partition, isolation)]


def _judge(send: Send, ranges: list[Range], configuration: Configuration) -> ClientFinding | None:
    if not ranges:
        return None  # said in `inconclusive`
    is_final = all(one.is_final for one in ranges)
    if send.offset < 0:
        if any(one.first > 0 for one in ranges):
            return None  # it may have been below, and gone on purpose
        why = "acknowledged without an offset, and no reader got it"
        stage = Stage.CLIENT if send.transaction is None else Stage.BROKER
        return _finding(Anomaly.LOST if is_final else Anomaly.UNSEEN, send, why, stage)
    if all(send.offset < one.first for one in ranges):
        return None
    if any(one.first <= send.offset < one.end for one in ranges):
        return _finding(Anomaly.LOST, send, "readers went past its offset and did not get it", Stage.BROKER)
    end = max(one.end for one in ranges)
    sees_all = not configuration.transactional or any(one.isolation == READ_UNCOMMITTED for one in ranges)
    if is_final and sees_all:
        return _finding(Anomaly.LOST, send, f"the log that readers see ends at {end}", Stage.BROKER)
    return _finding(Anomaly.UNSEEN, send, f"readers get no further than {end}", Stage.BROKER)


def _finding(anomaly: Anomaly, send: Send, why: str, stage: Stage) -> ClientFinding:
    return ClientFinding(anomaly, send.id, send.topic, send.partition, send.offset, why, stage, send.evidence)


def _superseded(outcomes: Outcomes) -> set[tuple[str, str]]:
    """Records whose key was, or may have been, written again behind them."""
    last: dict[tuple[str, int, str], int] = {}
    for send in outcomes.sends:
        if send.outcome is not Outcome.FAILED:
            behind = send.offset if send.offset >= 0 else 1 << 62
            place = (send.topic, send.partition, send.invoked.key)
            last[place] = max(last.get(place, -1), behind)
    return {
        (send.topic, send.id)
        for send in outcomes.sends
        if last.get((send.topic, send.partition, send.invoked.key), -1) > send.offset
    }


def unprocessed(history: Iterable[Operation], outcomes: Outcomes, reads: Reads) -> Iterator[ClientFinding]:
    """Lost after delivery: the group's committed offset is past it, and no member ever processed it. Judged for topics
    in which anything was processed at all."""
    processed: set[tuple[str, str]] = set()
    committed: dict[tuple[str, int], Operation] = {}
    for operation in history:
        if operation.op is Op.PROCESS:
            processed.add((operation.topic, operation.id))
        elif operation.op is Op.COMMIT_OFFSETS and operation.type is Type.OK:
            place = (operation.topic, operation.partition)
            if place not in committed or committed[place].offset < operation.offset:
                committed[place] = operation
    for (topic, name), attempts in outcomes.attempts.items():
        if (topic, name) in processed or best(attempts) is not Outcome.ACKNOWLEDGED:
            continue
        for poll in reads.by_id.get((topic, name), ()):
            past = committed.get((topic, poll.partition))
            if past is not None and poll.offset < past.offset:
                why = f"offset {past.offset} was committed, and nobody processed it"
                yield ClientFinding(
                    Anomaly.LOST, name, topic, poll.partition, poll.offset, why, Stage.DELIVERY, (poll, past)
                )
                break
