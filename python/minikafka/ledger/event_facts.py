"""Facts of events as what they ought to be: whatever is told otherwise counts as not told."""

from __future__ import annotations

from collections.abc import Iterable

from minikafka.history import Event


def number(event: Event, fact: str, otherwise: int = -1) -> int:
    """The fact, if it is a number."""
    value = event.get(fact, otherwise)
    return value if isinstance(value, int) else otherwise


def numbers(event: Event, fact: str) -> list[int]:
    """The fact, if it is a list of numbers."""
    value = event.get(fact)
    return [one for one in value if isinstance(one, int)] if isinstance(value, list | tuple) else []


def in_order(*events: Iterable[Event]) -> tuple[Event, ...]:
    """Each once, as they arrived."""
    found = {event.seq: event for some in events for event in some}
    return tuple(found[seq] for seq in sorted(found))
