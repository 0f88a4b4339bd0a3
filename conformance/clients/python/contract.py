"""The contract's Python side: options in, one JSON line per operation out."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

Step = Mapping[str, str]
Offsets = Mapping[str, int]
"""Next offset to read, by "topic:partition"."""


@dataclass(frozen=True, slots=True)
class Options:
    """What the harness asks for; see the README for each name."""

    bootstrap: str
    topic: str = ""
    topics: list[str] = field(default_factory=list)
    group: str = ""
    prefix: str = "r"
    first: int = 0
    records: int = 0
    keys: int = 100
    linger_ms: int = 0
    session_ms: int = 0
    isolation: str = ""
    transactional_id: str = ""
    output: str = ""
    batch: int = 100
    config: dict[str, str | int | bool] = field(default_factory=dict)
    consumer_config: dict[str, str | int | bool] = field(default_factory=dict)

    def ids(self) -> Iterator[tuple[str, str]]:
        """The (key, id) pairs to produce, in order."""
        for number in range(self.first, self.first + self.records):
            yield f"key-{number % self.keys}", f"{self.prefix}:{number}"


def parse_arguments() -> tuple[str, Options]:
    """The workload's name and its options from the command line."""
    return sys.argv[1], Options(**json.loads(sys.argv[2]))


def emit(op: str, **fields: str | int | list[str] | Offsets | None) -> None:
    """One operation, at once visible to the harness."""
    sys.stdout.write(
        json.dumps({"op": op, **{key: value for key, value in fields.items() if value is not None}})
    )
    sys.stdout.write("\n")
    sys.stdout.flush()


def steps() -> Iterator[Step]:
    """The commands of an interactive workload, one JSON object per line of stdin."""
    for line in sys.stdin:
        yield json.loads(line)
