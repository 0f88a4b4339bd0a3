"""The verdict: what became of what producers were told, over every partition at one moment.

A partition that cannot be judged (nobody leads it, its log could not be read) is in `inconclusive` with the reason, and
never counts as clean.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from minikafka.checker.anomaly import Anomaly
from minikafka.errors import VerdictError
from minikafka.ledger import delivered, duplicated, lost, reordered, reused, unseen
from minikafka.ledger.ended import Ended
from minikafka.ledger.evidence import Evidence
from minikafka.ledger.facts import Facts
from minikafka.ledger.finding import Finding, stories
from minikafka.ledger.logs import NOBODY_KNOWS, IdOf, LoggedPartition, Offsets
from minikafka.ledger.pieces import pieces
from minikafka.ledger.suspect import Suspect
from minikafka.ledger.wanted import Wanted
from minikafka.types import TopicPartition


class Verdict(NamedTuple):
    """What was found. acknowledged: records whose acknowledgement left the brokers. inconclusive: partition -> why."""

    findings: tuple[Finding, ...]
    acknowledged: int
    inconclusive: Mapping[TopicPartition, str]

    def of(self, anomaly: Anomaly) -> tuple[Finding, ...]:
        """The findings of one kind."""
        return tuple(finding for finding in self.findings if finding.anomaly is anomaly)

    @property
    def lost(self) -> tuple[Finding, ...]:
        return self.of(Anomaly.LOST)

    @property
    def unseen(self) -> tuple[Finding, ...]:
        return self.of(Anomaly.UNSEEN)

    @property
    def duplicated(self) -> tuple[Finding, ...]:
        return self.of(Anomaly.DUPLICATED)

    def assert_no_acked_loss(self) -> None:
        """Raises VerdictError with the chain of events for each acknowledged record that is gone, or that cannot be
        judged."""
        self.assert_none(Anomaly.LOST)

    def assert_no_unseen(self) -> None:
        """Raises VerdictError for acknowledged records that no consumer can see yet."""
        self.assert_none(Anomaly.UNSEEN)

    def assert_no_duplicates(self, *, possible: bool = True) -> None:
        """Raises VerdictError for records that can be read twice; `possible`: also those that only look the same."""
        self.assert_none(Anomaly.DUPLICATED, possible=possible)

    def assert_no_reordering(self, *, possible: bool = True) -> None:
        """Raises VerdictError for records behind later ones of their producer; `possible`: also by their timestamps."""
        self.assert_none(Anomaly.REORDERED, possible=possible)

    def assert_no_aborted_reads(self) -> None:
        """Raises VerdictError for records that a consumer was handed although their transaction did not commit."""
        self.assert_none(Anomaly.ABORTED_READ)

    def assert_no_torn_transactions(self) -> None:
        """Raises VerdictError for transactions that ended one way here and the other way there."""
        self.assert_none(Anomaly.TORN)

    def assert_no_hanging_transactions(self) -> None:
        """Raises VerdictError for open transactions that nobody will end."""
        self.assert_none(Anomaly.HANGING)

    def assert_no_reused_offsets(self) -> None:
        """Raises VerdictError for offsets known to a producer or a consumer that hold another record now."""
        self.assert_none(Anomaly.OFFSET_REUSED)

    def assert_none(self, *anomalies: Anomaly, possible: bool = True) -> None:
        """Raises VerdictError for any of these (none given: of all), and for partitions that cannot be judged."""
        wanted = anomalies or tuple(Anomaly)
        found = [one for one in self.findings if one.anomaly in wanted and (possible or one.is_certain)]
        lines = stories(found)
        lines += [f"cannot be judged: {name}: {why}" for name, why in self.inconclusive.items()]
        if lines:
            raise VerdictError("\n".join(lines))

    def to_json(self) -> str:
        return json.dumps(self.as_dict(), indent=2)

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "acknowledged": self.acknowledged,
            "findings": [finding.as_dict() for finding in self.findings],
            "inconclusive": {str(name): why for name, why in self.inconclusive.items()},
        }

    def __str__(self) -> str:
        counts = {anomaly: sum(one.records for one in self.of(anomaly)) for anomaly in Anomaly}
        said = ", ".join(f"{count} {anomaly.label}" for anomaly, count in counts.items() if count)
        lines = [f"{self.acknowledged} acknowledged; {said or 'nothing wrong'}"]
        lines += stories(self.findings)
        lines += [f"cannot be judged: {name}: {why}" for name, why in self.inconclusive.items()]
        return "\n".join(lines)


def judge(
    facts: Facts,
    logs: Iterable[LoggedPartition],
    id_header: str | None = None,
    id_of: Mapping[str, IdOf] = NOBODY_KNOWS,
    *,
    fsync: bool = False,
    ourselves: str = "",
) -> Verdict:
    """All of `Judge` at once."""
    judging = Judge(facts, id_header, id_of, fsync=fsync, ourselves=ourselves)
    for log in logs:
        judging.look(log)
    return judging.verdict()


class Judge:
    """Looks at one partition after the other with every eye, and keeps of each only what stands out; in the end the
    events behind that are looked up.

    The facts are to be no newer than the logs: what was promised after they were read would look lost. fsync: answers
    were to wait for the disk. ourselves: the client id that reads the logs. id_header, id_of: where records have their
    ids, in all topics or by topic.
    """

    def __init__(
        self,
        facts: Facts,
        id_header: str | None = None,
        id_of: Mapping[str, IdOf] = NOBODY_KNOWS,
        *,
        fsync: bool,
        ourselves: str,
    ) -> None:
        self._facts = facts
        self._id_header = id_header
        self._id_of = id_of
        self._fsync = fsync
        self._ourselves = ourselves
        self._suspects: list[Suspect] = []
        self._ended = Ended(facts.moves)
        self._acknowledged = 0
        self._inconclusive: dict[TopicPartition, str] = {}

    def look(self, log: LoggedPartition) -> None:
        """Its log may be let go afterwards."""
        own, fsync = self._facts.of(log.name), self._fsync
        self._acknowledged += own.acknowledged
        if not log.is_readable:
            self._inconclusive[log.name] = log.why
            return
        offsets = Offsets(log)
        lacking = list(lost.gone(own, log, offsets))
        self._suspects += lost.find(lacking, self._facts, log, fsync=fsync)
        self._suspects += unseen.find(own, log, fsync=fsync)
        self._suspects += duplicated.find(log, self._id_header, self._id_of.get(log.name.topic))
        self._suspects += reordered.find(own, log)
        self._suspects += reused.find(lacking, log, offsets, fsync=fsync)
        for piece in () if log.is_compacted else pieces(log, own):
            handed = delivered.find(piece, own, self._ourselves)
            self._suspects += () if handed is None else (handed,)
            self._ended.look(piece)

    def verdict(self) -> Verdict:
        """When all partitions were looked at."""
        suspects = [*self._suspects, *self._ended.suspects()]
        wanted: dict[TopicPartition, list[Wanted]] = {}
        for one in suspects:
            wanted.setdefault(one.name, []).append(one.wanted)
        evidence = Evidence(self._facts, wanted)
        told = (one.tell(evidence) for one in suspects)
        findings = tuple(finding for finding in told if finding is not None)
        return Verdict(findings, self._acknowledged, self._inconclusive)
