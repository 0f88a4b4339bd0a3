"""The verdict: what became of what producers were told, over every partition at one moment.

A partition that cannot be judged (nobody leads it, its log could not be read) is in `inconclusive` with the reason, and
never counts as clean.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from minikafka.checker.anomaly import Anomaly
from minikafka.errors import VerdictError
from minikafka.ledger import duplicated, lost, unseen
from minikafka.ledger.facts import Facts
from minikafka.ledger.finding import Finding
from minikafka.ledger.logs import LoggedPartition
from minikafka.types import TopicPartition

SHOWN = 10
"""Findings that an error message quotes."""


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

    def assert_no_duplicates(self, *, possible: bool = True) -> None:
        """Raises VerdictError for records that can be read twice; `possible`: also those that only look the same."""
        self.assert_none(Anomaly.DUPLICATED, possible=possible)

    def assert_none(self, *anomalies: Anomaly, possible: bool = True) -> None:
        """Raises VerdictError for any of these (none given: of all), and for partitions that cannot be judged."""
        wanted = anomalies or tuple(Anomaly)
        found = [one for one in self.findings if one.anomaly in wanted and (possible or one.is_certain)]
        lines = [str(finding) for finding in found[:SHOWN]]
        if len(found) > SHOWN:
            lines.append(f"... and {len(found) - SHOWN} more")
        lines += [f"cannot be judged: {name}: {why}" for name, why in self.inconclusive.items()]
        if lines:
            raise VerdictError("\n".join(lines))

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "acknowledged": self.acknowledged,
            "findings": [finding.as_dict() for finding in self.findings],
            "inconclusive": {str(name): why for name, why in self.inconclusive.items()},
        }

    def __str__(self) -> str:
        counts = {anomaly: sum(one.records for one in self.of(anomaly)) for anomaly in Anomaly}
        said = ", ".join(
            f"{count} {anomaly.name.lower().replace('_', ' ')}" for anomaly, count in counts.items() if count
        )
        lines = [f"{self.acknowledged} acknowledged; {said or 'nothing wrong'}"]
        lines += [str(finding) for finding in self.findings]
        lines += [f"cannot be judged: {name}: {why}" for name, why in self.inconclusive.items()]
        return "\n".join(lines)


def judge(facts: Facts, logs: Iterable[LoggedPartition], id_header: str | None = None) -> Verdict:
    """Look at every partition with every eye."""
    findings: list[Finding] = []
    inconclusive: dict[TopicPartition, str] = {}
    acknowledged = 0
    for log in logs:
        own = facts.of(log.name)
        acknowledged += sum(batch.records for batch in own.batches if batch.is_acknowledged)
        if not log.is_readable:
            inconclusive[log.name] = log.why
            continue
        findings += lost.find(own, log)
        findings += unseen.find(own, log)
        findings += duplicated.find(own, log, id_header)
    return Verdict(tuple(findings), acknowledged, inconclusive)
