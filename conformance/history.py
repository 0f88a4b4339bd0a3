"""What a client program said it did: one operation per line of its output.

Outcomes have three values, because a client that hears no answer cannot know: `ok`, `fail` (proven not to have
happened) and `unknown`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from enum import StrEnum


class Outcome(StrEnum):
    OK = "ok"
    FAIL = "fail"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Operation:
    """One line; fields that an operation does not have keep their defaults."""

    op: str
    id: str = ""
    ids: tuple[str, ...] = ()
    topic: str = ""
    partition: int = -1
    offset: int = -1
    outcome: Outcome = Outcome.OK
    error: str = ""
    offsets: dict[str, int] = field(default_factory=dict)


def parse_operation(line: str) -> Operation:
    """Read one line of a program's output; raises ValueError when it breaks the contract."""
    fields = json.loads(line)
    known = {name: fields[name] for name in Operation.__slots__ if name in fields}
    known["outcome"] = Outcome(fields.get("outcome", "ok"))
    known["ids"] = tuple(fields.get("ids", ()))
    return Operation(**known)
