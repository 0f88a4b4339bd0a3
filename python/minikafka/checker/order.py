"""Reordered, offsets reused, and records that nobody sent: what places and orders say.

Kafka promises order within a partition and for one producer: the first copy of each record stands behind the first
copies of what its producer sent before (Jepsen's nonmonotonic send). And a reader's offsets rise: it may go back to
what it has seen (then that is delivered twice), never to what it passed over (Jepsen's nonmonotonic poll).
"""

from __future__ import annotations

from collections.abc import Iterator

from minikafka.checker.anomaly import Anomaly
from minikafka.checker.operation import Operation
from minikafka.checker.outcomes import Outcome, Outcomes, Send, best
from minikafka.checker.reads import Place, Reads, place_of
from minikafka.checker.verdict import ClientFinding, Stage


def reordered(outcomes: Outcomes, reads: Reads) -> Iterator[ClientFinding]:
    """Records that first appear, by offset, behind a later one of their producer in the same partition."""
    firsts: dict[tuple[str, int], list[tuple[int, Send, Operation]]] = {}
    for (topic, name), polls in reads.by_id.items():
        attempts = outcomes.attempts.get((topic, name))
        if attempts:
            first = min(polls, key=lambda poll: (poll.partition, poll.offset))
            firsts.setdefault((topic, first.partition), []).append((first.offset, attempts[0], first))
    for records in firsts.values():
        newest: dict[str, tuple[Send, Operation]] = {}
        for _, send, poll in sorted(records, key=lambda one: one[0]):
            process = send.invoked.process
            before = newest.get(process)
            if before is not None and before[0].order > send.order:
                why = f"{before[0].id} was sent later, and stands before it at offset {before[1].offset}"
                yield _of_poll(
                    Anomaly.REORDERED, poll, why, (send.invoked, before[0].invoked, before[1], poll)
                )
            else:
                newest[process] = (send, poll)


def skipped(reads: Reads) -> Iterator[ClientFinding]:
    """What a reader got only after something behind it."""
    highest: dict[tuple[str, str, int], Operation] = {}
    seen: set[tuple[str, Place]] = set()
    for poll in reads.polls:
        key = (poll.process, poll.topic, poll.partition)
        before = highest.get(key)
        place = (poll.process, place_of(poll))
        if before is not None and poll.offset < before.offset and place not in seen:
            why = f"{poll.process or 'the reader'} had offset {before.offset} first"
            yield _of_poll(Anomaly.REORDERED, poll, why, (before, poll), Stage.DELIVERY)
        if before is None or poll.offset > before.offset:
            highest[key] = poll
        seen.add(place)


def reused(outcomes: Outcomes, reads: Reads) -> Iterator[ClientFinding]:
    """Offsets at which two records were known, by an acknowledgement or a reader."""
    known: dict[Place, dict[str, Operation]] = {place: dict(ids) for place, ids in reads.at.items()}
    for send in outcomes.sends:
        if send.offset >= 0 and send.partition >= 0 and send.told is not None:
            known.setdefault(Place(send.topic, send.partition, send.offset), {}).setdefault(
                send.id, send.told
            )
    for place, ids in sorted(known.items()):
        if len(ids) > 1:
            (name, *others), evidence = ids, tuple(ids.values())
            why = f"known there: {name}, then {', '.join(others)}"
            yield ClientFinding(Anomaly.OFFSET_REUSED, name, *place, why, Stage.BROKER, evidence)


def unexpected(outcomes: Outcomes, reads: Reads) -> Iterator[ClientFinding]:
    """Read, and sent by nobody in the history."""
    for key, polls in reads.by_id.items():
        if key not in outcomes.attempts:
            yield _of_poll(Anomaly.UNEXPECTED, polls[0], "the history has no such send", (polls[0],))


def refused(outcomes: Outcomes, reads: Reads) -> Iterator[ClientFinding]:
    """Read, although its send certainly failed: Jepsen's aborted read without a transaction."""
    for key, polls in reads.by_id.items():
        attempts = outcomes.attempts.get(key, [])
        outside = all(send.transaction is None for send in attempts)
        if attempts and outside and best(attempts) is Outcome.FAILED:
            evidence = (*attempts[0].evidence, polls[0])
            yield _of_poll(Anomaly.ABORTED_READ, polls[0], "its send failed for certain", evidence)


def _of_poll(
    anomaly: Anomaly,
    poll: Operation,
    why: str,
    evidence: tuple[Operation, ...],
    stage: Stage = Stage.BROKER,
) -> ClientFinding:
    return ClientFinding(anomaly, poll.id, poll.topic, poll.partition, poll.offset, why, stage, evidence)
