"""The verdict: what became of what producers were told, over every partition at one moment.

A partition that cannot be judged (nobody leads it, its log could not be read) is in `inconclusive` with the reason, and
never counts as clean.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from minikafka.checker.anomaly import Anomaly
from minikafka.errors import VerdictError
from minikafka.ledger import delivered, duplicated, ended, lost, reordered, reused, unseen
from minikafka.ledger.causes import Cause
from minikafka.ledger.facts import Facts
from minikafka.ledger.finding import Finding
from minikafka.ledger.logs import LoggedPartition
from minikafka.types import TopicPartition

SHOWN = 6
"""Kinds of findings that an error message tells the story of."""


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
        lines = _stories(found)
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
        lines += _stories(self.findings)
        lines += [f"cannot be judged: {name}: {why}" for name, why in self.inconclusive.items()]
        return "\n".join(lines)


def _stories(findings: Sequence[Finding]) -> list[str]:
    """The first of each kind in a partition in full; those like it are counted."""
    alike: dict[tuple[Anomaly, TopicPartition, Cause, bool], list[Finding]] = {}
    for one in findings:
        alike.setdefault((one.anomaly, one.partition, one.cause, one.is_certain), []).append(one)
    lines: list[str] = []
    for first, *others in list(alike.values())[:SHOWN]:
        lines.append(str(first))
        if others:
            lines.append(f"    and {len(others)} more like it, up to offset {others[-1].last_offset}")
    if len(alike) > SHOWN:
        lines.append(f"... and {len(alike) - SHOWN} kinds more")
    return lines


def judge(
    facts: Facts,
    logs: Iterable[LoggedPartition],
    id_header: str | None = None,
    *,
    fsync: bool = False,
    ourselves: str = "",
) -> Verdict:
    """Look at every partition with every eye. The facts are to be no newer than the logs: what was promised after they
    were read would look lost. fsync: answers were to wait for the disk. ourselves: the client id that read them."""
    findings: list[Finding] = []
    inconclusive: dict[TopicPartition, str] = {}
    acknowledged = 0
    readable: list[LoggedPartition] = []
    for log in logs:
        own = facts.of(log.name)
        acknowledged += sum(batch.records for batch in own.batches if batch.is_acknowledged)
        if not log.is_readable:
            inconclusive[log.name] = log.why
            continue
        readable.append(log)
        findings += lost.find(facts, log, fsync=fsync)
        findings += unseen.find(own, log, fsync=fsync)
        findings += duplicated.find(own, log, id_header)
        findings += reordered.find(own, log)
        findings += reused.find(own, log, fsync=fsync)
        findings += delivered.find(facts, log, ourselves)
    findings += ended.find(facts, readable)
    return Verdict(tuple(findings), acknowledged, inconclusive)
