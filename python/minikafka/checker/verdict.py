"""What a history shows: findings, each allowed by the configuration or a broken promise, and what could not be told."""

from __future__ import annotations

import json
from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple, TypeAlias

from minikafka.checker.anomaly import JEPSEN, Anomaly
from minikafka.checker.operation import Operation
from minikafka.errors import VerdictError

Json: TypeAlias = str | int | float | bool | list["Json"] | dict[str, "Json"] | None

SHOWN = 10
"""Findings that an error message quotes."""


class Stage(StrEnum):
    """Where it went wrong, as far as clients can tell. Only what reached a broker is in its ledger."""

    CLIENT = "before the broker"
    BROKER = "in the broker"
    DELIVERY = "after delivery"


class ClientFinding(NamedTuple):
    """One anomaly of one record, or of one transaction (id: its name).

    offset: where the record was, is, or was said to be; -1: not known. allowed: why the configuration permits it; empty
    if it promises otherwise. prevented_by: settings or habits, each of which would have prevented it. evidence: the
    lines of the history that show it, oldest first.
    """

    anomaly: Anomaly
    id: str
    topic: str
    partition: int
    offset: int
    why: str
    stage: Stage = Stage.BROKER
    evidence: tuple[Operation, ...] = ()
    allowed: str = ""
    prevented_by: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Json]:
        """For JSON."""
        return {
            "anomaly": self.anomaly.name.lower(),
            "jepsen": JEPSEN[self.anomaly],
            "id": self.id,
            "topic": self.topic,
            "partition": self.partition,
            "offset": self.offset,
            "stage": str(self.stage),
            "why": self.why,
            "allowed": self.allowed,
            "prevented_by": list(self.prevented_by),
            "evidence": [dict(one.as_dict()) for one in self.evidence],
        }

    def __str__(self) -> str:
        where = f"{self.topic}-{self.partition}" if self.partition >= 0 else self.topic
        at = f" offset {self.offset}" if self.offset >= 0 else ""
        lines = [f"{self.anomaly.label}: {self.id} in {where}{at}, {self.stage}: {self.why}"]
        lines += [f"    {one}" for one in self.evidence]
        if self.allowed:
            lines.append(f"    allowed: {self.allowed}")
        if self.prevented_by:
            lines.append(f"    prevented by: {' or '.join(self.prevented_by)}")
        return "\n".join(lines)


class ClientVerdict(NamedTuple):
    """Counts are of records, received of polls. inconclusive: what could not be told -> why."""

    findings: tuple[ClientFinding, ...]
    sent: int
    acknowledged: int
    failed: int
    indeterminate: int
    received: int
    inconclusive: Mapping[str, str]

    def of(self, anomaly: Anomaly) -> tuple[ClientFinding, ...]:
        """The findings of one kind, allowed or not."""
        return tuple(finding for finding in self.findings if finding.anomaly is anomaly)

    def ids(self, anomaly: Anomaly) -> tuple[str, ...]:
        """Which records, each once, in order."""
        return tuple(dict.fromkeys(finding.id for finding in self.of(anomaly)))

    @property
    def bad(self) -> tuple[ClientFinding, ...]:
        """Broken promises."""
        return tuple(finding for finding in self.findings if not finding.allowed)

    @property
    def is_clean(self) -> bool:
        """No anomaly at all, allowed or not, and nothing that could not be told."""
        return not self.findings and not self.inconclusive

    def assert_none(self, *anomalies: Anomaly, allowed: bool = True) -> None:
        """Raises VerdictError for any of these (none given: of all), and for what could not be told. `allowed`: for
        those that the configuration permits as well."""
        wanted = anomalies or tuple(Anomaly)
        found = [one for one in self.findings if one.anomaly in wanted and (allowed or not one.allowed)]
        lines = [str(finding) for finding in found[:SHOWN]]
        if len(found) > SHOWN:
            lines.append(f"... and {len(found) - SHOWN} more")
        lines += [f"cannot be told: {what}: {why}" for what, why in self.inconclusive.items()]
        if lines:
            raise VerdictError("\n".join(lines))

    def as_dict(self) -> dict[str, Json]:
        """For JSON."""
        return {
            "sent": self.sent,
            "acknowledged": self.acknowledged,
            "failed": self.failed,
            "indeterminate": self.indeterminate,
            "received": self.received,
            "findings": [finding.as_dict() for finding in self.findings],
            "inconclusive": dict(self.inconclusive),
        }

    def to_json(self) -> str:
        return json.dumps(self.as_dict(), indent=2)

    def __str__(self) -> str:
        counts = (
            f"{self.sent} sent, {self.acknowledged} acknowledged, {self.failed} failed, "
            f"{self.indeterminate} indeterminate, {self.received} received"
        )
        found = [_counted(anomaly, self.ids(anomaly)) for anomaly in Anomaly if self.of(anomaly)]
        unclear = [f"cannot be told: {what}: {why}" for what, why in self.inconclusive.items()]
        return f"{counts}: {'; '.join([*found, *unclear]) or 'nothing wrong'}"


def _counted(anomaly: Anomaly, ids: tuple[str, ...]) -> str:
    more = ", ..." if len(ids) > 3 else ""
    return f"{len(ids)} {anomaly.label} ({', '.join(ids[:3])}{more})"
