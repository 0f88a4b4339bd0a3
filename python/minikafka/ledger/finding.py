"""One thing that should not have happened to a record, with what led to it."""

from __future__ import annotations

from typing import Any, NamedTuple

from minikafka.checker.anomaly import Anomaly
from minikafka.history import Event
from minikafka.types import Offset, TopicPartition


class Finding(NamedTuple):
    """One finding. last_offset: inclusive.

    is_certain: False where all that is known is that records look the same. chain: the events that led to it, oldest
    first, over all nodes. rules: their rule ids. prevented_by: settings, each of which would have prevented it.
    """

    anomaly: Anomaly
    partition: TopicPartition
    first_offset: Offset
    last_offset: Offset
    why: str
    chain: tuple[Event, ...] = ()
    prevented_by: tuple[str, ...] = ()
    is_certain: bool = True

    @property
    def records(self) -> int:
        return self.last_offset - self.first_offset + 1

    @property
    def rules(self) -> tuple[str, ...]:
        """Of the chain, each once, in order."""
        return tuple(dict.fromkeys(event.rule for event in self.chain if event.rule))

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
        head = f"{self.anomaly.name.lower().replace('_', ' ')}{'' if self.is_certain else ' (possibly)'}: "
        lines = [f"{head}{self.partition} {offsets}: {self.why}"]
        lines += [f"    {_told(event)}" for event in self.chain]
        if self.prevented_by:
            lines.append(f"    prevented by: {' or '.join(self.prevented_by)}")
        return "\n".join(lines)


def _told(event: Event) -> str:
    facts = " ".join(f"{name}={fact}" for name, fact in event.facts.items() if name not in QUIET)
    return f"broker {event.broker}  {event.rule or '-':<3}  {event.kind}  {facts}"


QUIET = frozenset({"connection", "client_id", "crc", "bytes", "records"})
