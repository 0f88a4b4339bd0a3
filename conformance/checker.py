"""The verdict over client histories: what was lost, what came twice, what came in the wrong order.

A record is named `producer:number`. Acknowledged records must be read; records whose outcome is unknown may be; failed
ones and ones that nobody sent must not. Within one partition a producer's numbers must rise, duplicates aside.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from conformance.history import Operation, Outcome

Place = tuple[str, int]
"""Topic and partition."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is wrong with a history; every list empty means nothing is. Ids are in order of appearance."""

    sent: int
    acknowledged: int
    received: int
    lost: tuple[str, ...]
    """Acknowledged and never read."""
    duplicated: tuple[str, ...]
    """Read at more than one offset, or more than once."""
    reordered: tuple[str, ...]
    """First read after a later record of the same producer and partition."""
    unexpected: tuple[str, ...]
    """Read although the send failed for certain, or was never made."""

    @property
    def is_clean(self) -> bool:
        return not (self.lost or self.duplicated or self.reordered or self.unexpected)

    def __str__(self) -> str:
        faults = {
            "lost": self.lost,
            "duplicated": self.duplicated,
            "reordered": self.reordered,
            "unexpected": self.unexpected,
        }
        found = [f"{len(ids)} {name} ({', '.join(ids[:3])} ...)" for name, ids in faults.items() if ids]
        counts = f"{self.sent} sent, {self.acknowledged} acknowledged, {self.received} received"
        return f"{counts}: {'; '.join(found) or 'nothing lost, duplicated or reordered'}"


def judge(sends: Iterable[Operation], receipts: Iterable[Operation]) -> Verdict:
    """Compare what producers were told with what readers saw; operations of other kinds are passed over."""
    outcomes = {operation.id: operation.outcome for operation in sends if operation.op == "send"}
    received = [operation for operation in receipts if operation.op == "recv"]
    copies = Counter(operation.id for operation in received)
    acknowledged = [name for name, outcome in outcomes.items() if outcome is Outcome.OK]
    return Verdict(
        sent=len(outcomes),
        acknowledged=len(acknowledged),
        received=len(received),
        lost=tuple(name for name in acknowledged if name not in copies),
        duplicated=tuple(name for name, count in copies.items() if count > 1),
        reordered=tuple(reordered_ids(received)),
        unexpected=tuple(name for name in copies if outcomes.get(name, Outcome.FAIL) is Outcome.FAIL),
    )


def reordered_ids(received: Iterable[Operation]) -> list[str]:
    """Records that first appear, by offset, after a later record of their producer in the same partition."""
    by_place: dict[Place, dict[int, str]] = defaultdict(dict)
    for operation in received:
        by_place[operation.topic, operation.partition][operation.offset] = operation.id
    found: list[str] = []
    for ids_by_offset in by_place.values():
        highest: dict[str, int] = {}
        seen: set[str] = set()
        for _, name in sorted(ids_by_offset.items()):
            producer, _, number = name.rpartition(":")
            if name not in seen and int(number) < highest.get(producer, -1):
                found.append(name)
            seen.add(name)
            highest[producer] = max(highest.get(producer, -1), int(number))
    return found


def out_of_offset_order(receipts: Iterable[Operation]) -> list[str]:
    """Records that one reader received behind a higher offset of the same partition."""
    highest: dict[Place, int] = {}
    found: list[str] = []
    for operation in receipts:
        if operation.op != "recv":
            continue
        place = operation.topic, operation.partition
        if operation.offset <= highest.get(place, -1):
            found.append(operation.id)
        highest[place] = max(highest.get(place, -1), operation.offset)
    return found
