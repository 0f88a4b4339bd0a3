"""One thing that should not have happened to a record, with what led to it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from minikafka.checker.anomaly import Anomaly
from minikafka.history import Event
from minikafka.ledger.causes import Cause
from minikafka.types import Offset, TopicPartition

SHOWN = 6
"""Kinds of findings that an error message tells the story of."""
SHOWN_EVENTS = 24
"""Of a chain, in a story: a screen."""


class Finding(NamedTuple):
    """One finding. last_offset: inclusive.

    cause: what it comes from, with the rule and the settings. chain: the events that led to it, oldest first, over all
    nodes. is_certain: False where all that is known is that records look the same.
    """

    anomaly: Anomaly
    partition: TopicPartition
    first_offset: Offset
    last_offset: Offset
    why: str
    cause: Cause
    chain: tuple[Event, ...] = ()
    is_certain: bool = True

    @property
    def records(self) -> int:
        return self.last_offset - self.first_offset + 1

    @property
    def prevented_by(self) -> tuple[str, ...]:
        """Settings, each of which would have prevented it; none where the broker broke a promise."""
        return self.cause.value.prevented_by

    @property
    def rules(self) -> tuple[str, ...]:
        """Of the chain, in order, and the cause's; each once."""
        rules = (*(event.rule for event in self.chain), self.cause.value.rule)
        return tuple(dict.fromkeys(rule for rule in rules if rule))

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "anomaly": self.anomaly.name.lower(),
            "topic": self.partition.topic,
            "partition": self.partition.partition,
            "first_offset": self.first_offset,
            "last_offset": self.last_offset,
            "certain": self.is_certain,
            "why": self.why,
            "cause": self.cause.name.lower(),
            "rule": self.cause.value.rule,
            "rules": list(self.rules),
            "prevented_by": list(self.prevented_by),
            "chain": [event.as_dict() for event in self.chain],
        }

    def __str__(self) -> str:
        offsets = (
            f"offset {self.first_offset}"
            if self.records == 1
            else f"offsets {self.first_offset}..{self.last_offset}"
        )
        head = f"{self.anomaly.label}{'' if self.is_certain else ' (possibly)'}"
        rule = f" ({self.cause.value.rule})" if self.cause.value.rule else ""
        lines = [f"{head}: {self.partition} {offsets}: {self.why}{rule}"]
        lines += [f"    {_told(event)}" for event in self.chain[:SHOWN_EVENTS]]
        if len(self.chain) > SHOWN_EVENTS:
            lines.append(f"    ... and {len(self.chain) - SHOWN_EVENTS} events more")
        if self.prevented_by:
            lines.append(f"    prevented by: {' or '.join(self.prevented_by)}")
        return "\n".join(lines)


def stories(findings: Sequence[Finding]) -> list[str]:
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


def _told(event: Event) -> str:
    facts = " ".join(f"{name}={fact}" for name, fact in event.facts.items() if name not in QUIET)
    return f"{event.t_ms:>7} ms  broker {event.broker}  {event.rule or '-':<3}  {event.kind}  {facts}"


QUIET = frozenset(
    {"connection", "client_id", "crc", "bytes", "records", "size_bytes", "by", "partition_epoch"}
)
