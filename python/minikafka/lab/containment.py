"""Each side of a verdict must contain the other: what clients know of a run, and what its brokers know of it.

    client says                                  ledger must say
    ------------------------------------------   -----------------------------------------------------------
    lost or unseen, at an offset it was told     lost or unseen there; or torn there; or hanging, at or below it
    lost, of a committed transaction, offset     the same, anywhere in that partition; or that two transactional ids had
      not told                                   one producer id: what one sends is taken for a copy of the other's (I3)
    duplicated, in the broker                    duplicated there; or one of its offsets reused: it was read, went, came
                                                 again
    before the broker, after delivery            nothing: no broker can know

    ledger says                                  client must say
    ------------------------------------------   -----------------------------------------------------------
    lost there                                   lost or unseen there; or it has a send of which it knows nothing, one
                                                 for each: the answer left, and never arrived
    duplicated there, for certain                duplicated there; or nobody read there, or of that record it knows
    nothing

And no client has more acknowledgements with an offset than left the brokers. Anything else means that one of the two
judges is wrong, which is worse than any anomaly. The history has to hold every producer of its topics; partitions
that either side could not judge are not compared, nor are topics to which the history sends nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from minikafka.checker.anomaly import Anomaly
from minikafka.checker.operation import Operation
from minikafka.checker.outcomes import Outcome, Outcomes, best
from minikafka.checker.reads import Place, Reads
from minikafka.checker.verdict import ClientFinding, ClientVerdict, Json, Stage
from minikafka.ledger.causes import Cause
from minikafka.ledger.event_facts import number
from minikafka.ledger.finding import Finding
from minikafka.ledger.verdict import Verdict

GONE: Final = frozenset({Anomaly.LOST, Anomaly.UNSEEN})
EXPLAINS_GONE: Final = frozenset({Anomaly.LOST, Anomaly.UNSEEN, Anomaly.TORN, Anomaly.HANGING})


class Containment(NamedTuple):
    """both: anomalies that both sides have. client_only: before the broker, or after delivery. ledger_only:
    indeterminate for the clients. violations: what fits nowhere, in words."""

    both: int
    client_only: int
    ledger_only: int
    violations: tuple[str, ...]

    @property
    def holds(self) -> bool:
        return not self.violations

    def as_dict(self) -> dict[str, Json]:
        """For JSON."""
        return {
            "both": self.both,
            "client_only": self.client_only,
            "ledger_only": self.ledger_only,
            "violations": list(self.violations),
        }

    def __str__(self) -> str:
        counts = (
            f"{self.both} known to both, {self.client_only} to clients only, "
            f"{self.ledger_only} to the ledger only"
        )
        return "\n".join([counts, *self.violations])


def compare(ledger: Verdict, clients: ClientVerdict, history: Sequence[Operation]) -> Containment:
    """Hold one against the other. `history`: what `clients` was judged from."""
    case = _Case(ledger, clients, history)
    told = [
        one for one in clients.findings if one.anomaly in GONE | {Anomaly.DUPLICATED} and case.covers(one)
    ]
    alone = [one for one in told if one.stage is not Stage.BROKER]
    shared = [one for one in told if one.stage is Stage.BROKER]
    missing = [one for one in shared if not case.ledger_has(one)]
    violations = [f"the clients' verdict, and not in the ledger: {one}" for one in missing]
    surplus = list(case.surplus())
    unexplained = list(case.unexplained(surplus))
    violations += unexplained
    violations += case.acknowledgements()
    return Containment(
        len(shared) - len(missing), len(alone), len(surplus) - len(unexplained), tuple(violations)
    )


class _Case:
    """One comparison."""

    def __init__(self, ledger: Verdict, clients: ClientVerdict, history: Sequence[Operation]) -> None:
        self._ledger = ledger
        self._clients = clients
        self._outcomes = Outcomes(history)
        self._reads = Reads(history, "")
        self._topics = {send.topic for send in self._outcomes.sends}
        unclear = {str(name) for name in ledger.inconclusive} | set(clients.inconclusive)
        self._unclear = unclear
        self._twice = {
            Place(one.topic, one.partition, one.offset)
            for one in clients.findings
            if one.anomaly is Anomaly.DUPLICATED
        }
        self._gone = {
            Place(one.topic, one.partition, one.offset) for one in clients.findings if one.anomaly in GONE
        }
        # Sent again, and found elsewhere: it is no loss to the clients, and at its first offset it is gone.
        self._gone |= {
            place
            for send in self._outcomes.sends
            if send.offset >= 0
            and send.id not in self._reads.at.get(place := Place(send.topic, send.partition, send.offset), ())
            and (send.topic, send.id) in self._reads.by_id
        }

    def covers(self, finding: ClientFinding) -> bool:
        return (
            finding.topic not in self._unclear and f"{finding.topic}-{finding.partition}" not in self._unclear
        )

    def ledger_has(self, finding: ClientFinding) -> bool:
        here = [
            one
            for one in self._ledger.findings
            if one.partition.topic == finding.topic and finding.partition in {-1, one.partition.partition}
        ]
        if finding.anomaly is Anomaly.DUPLICATED:
            polled = [one.offset for one in finding.evidence]
            return any(
                (one.anomaly is Anomaly.DUPLICATED and _spans(one, finding.offset))
                or (one.anomaly is Anomaly.OFFSET_REUSED and any(_spans(one, offset) for offset in polled))
                for one in here
            )
        if finding.offset < 0 and any(one.cause is Cause.ID_TWICE for one in here):
            return True
        return any(one.anomaly in EXPLAINS_GONE and _explains(one, finding.offset) for one in here)

    def surplus(self) -> Iterator[tuple[Finding, int]]:
        """Every offset at which the ledger has an anomaly and no client has it."""
        for finding in self._ledger.findings:
            name = finding.partition
            is_twice = finding.anomaly is Anomaly.DUPLICATED
            if finding.anomaly is not Anomaly.LOST and not (is_twice and finding.is_certain):
                continue
            if name.topic not in self._topics or str(name) in self._unclear or name.topic in self._unclear:
                continue
            for offset in range(finding.first_offset, finding.last_offset + 1):
                place = Place(name.topic, name.partition, offset)
                if place not in (self._twice if is_twice else self._gone):
                    yield finding, offset

    def unexplained(self, surplus: Iterable[tuple[Finding, int]]) -> Iterator[str]:
        """Those that the clients ought to know of."""
        unknown = Counter(
            (send.topic, send.partition)
            for send in self._outcomes.sends
            if send.outcome is Outcome.INDETERMINATE and (send.topic, send.id) not in self._reads.by_id
        )
        # A committed transaction whose offsets nobody was told is judged by its records, wherever they were.
        for one in self._clients.findings:
            if one.anomaly in GONE and one.offset < 0:
                unknown[one.topic, one.partition] += 1
        for finding, offset in surplus:
            name = finding.partition
            if finding.anomaly is Anomaly.DUPLICATED:
                if self._knows_of(Place(name.topic, name.partition, offset)):
                    yield f"the ledger, and unknown to clients who should know: offset {offset}: {finding}"
                continue
            for place in ((name.topic, name.partition), (name.topic, -1)):
                if unknown[place] > 0:
                    unknown[place] -= 1
                    break
            else:
                yield f"the ledger, and unknown to clients who should know: offset {offset}: {finding}"

    def _knows_of(self, place: Place) -> bool:
        return any(
            best(self._outcomes.attempts.get((place.topic, name), ())) is Outcome.ACKNOWLEDGED
            for name in self._reads.at.get(place, ())
        )

    def acknowledgements(self) -> list[str]:
        told = sum(send.offset >= 0 for send in self._outcomes.sends)
        if told <= self._ledger.acknowledged or self._ledger.inconclusive:
            return []
        return [
            f"clients were told of {told} records, and only {self._ledger.acknowledged} acknowledgements left"
        ]


def _spans(finding: Finding, offset: int) -> bool:
    return finding.first_offset <= offset <= finding.last_offset


def _explains(finding: Finding, offset: int) -> bool:
    if offset < 0:
        return True
    if finding.anomaly is Anomaly.HANGING:
        return finding.first_offset <= offset
    return _spans(finding, offset) or any(
        number(event, "base_offset", offset + 1) <= offset <= number(event, "last_offset")
        for event in finding.chain
        if event.kind == "append"
    )
