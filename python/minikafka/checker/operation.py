"""A history: what clients set out to do, and what they were told, one JSON object per line.

    {"type": "invoke", "op": "send", "process": "p1", "id": "p1:0", "topic": "orders", "key": "k"}
    {"type": "ok",     "op": "send", "process": "p1", "id": "p1:0", "topic": "orders", "partition": 0, "offset": 7}

`type` is Jepsen's: `invoke` (begins), then `ok` (the application had reason to take it for done), `fail` (certainly did
not happen) or `info` (cannot know). No completion at all means the same as `info`. `process` is one life of one client:
after a restart it is another. `op`:

    send             one record, by `id`. An application that looks at no callback takes the return of its send for `ok`
    poll             one record was handed to the application (`ok` only)
    process          the application did with the record what it is there for (`ok` only)
    commit_offsets   `offset`: the next one to read
    begin, commit, abort     of the transaction that this process's sends belong to meanwhile
    read             a reader has seen all of [`first`, `offset`) of a partition (`ok` only). `final`: the cluster was
                     whole and at rest, so nothing acknowledged can still be on its way to a reader
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Final

from minikafka.errors import MinikafkaError


class HistoryError(MinikafkaError):
    """A line that is no operation."""


class Type(StrEnum):
    INVOKE = "invoke"
    OK = "ok"
    FAIL = "fail"
    INFO = "info"


class Op(StrEnum):
    SEND = "send"
    POLL = "poll"
    PROCESS = "process"
    COMMIT_OFFSETS = "commit_offsets"
    BEGIN = "begin"
    COMMIT = "commit"
    ABORT = "abort"
    READ = "read"


READ_COMMITTED: Final = "read_committed"
READ_UNCOMMITTED: Final = "read_uncommitted"


@dataclass(frozen=True, slots=True)
class Operation:
    """One line. What an operation does not have keeps its default: -1 and "" mean not known.

    first: inclusive. group: consumers that share the work; one without is on its own. isolation: the reader's, if it is
    not the configuration's. time_ms: any clock that rises through the history; for people.
    """

    type: Type
    op: Op
    process: str = ""
    id: str = ""
    topic: str = ""
    partition: int = -1
    offset: int = -1
    first: int = 0
    key: str = ""
    group: str = ""
    isolation: str = ""
    final: bool = False
    error: str = ""
    time_ms: float = 0

    def as_dict(self) -> dict[str, str | int | float | bool]:
        """For JSON; defaults are left out."""
        values = {each.name: getattr(self, each.name) for each in fields(self)}
        return {name: value for name, value in values.items() if value != DEFAULTS.get(name)}

    def as_json(self) -> str:
        """One line, without its newline."""
        return json.dumps(self.as_dict(), separators=(",", ":"))

    def __str__(self) -> str:
        """For a story: `p1 send p1:0 to orders-0 offset 7: ok`."""
        where = f" {self.topic}" + (f"-{self.partition}" if self.partition >= 0 else "") if self.topic else ""
        at = f" offset {self.offset}" if self.offset >= 0 else ""
        error = f" ({self.error})" if self.error else ""
        return f"{self.process or '?'}  {self.op} {self.id}{where}{at}: {self.type}{error}"


DEFAULTS: Final = {each.name: each.default for each in fields(Operation)}
_KINDS: Final = {
    **dict.fromkeys(("process", "id", "topic", "key", "group", "isolation", "error"), str),
    **dict.fromkeys(("partition", "offset", "first"), int),
    "final": bool,
}
MAX_LINE: Final = 1 << 20
"""Characters of a line."""


def parse(line: str) -> Operation:
    """Read one line; raises HistoryError that says what is wrong with it. Fields that are not ours are passed over."""
    if len(line) > MAX_LINE:
        raise HistoryError(f"a line has more than {MAX_LINE} characters")
    try:
        given = json.loads(line)
    except ValueError as error:
        raise HistoryError(f"not JSON: {error}") from error
    if not isinstance(given, dict):
        raise HistoryError(f"not a JSON object: {line[:80]}")
    known = {name: value for name, value in given.items() if name in DEFAULTS}
    known["type"] = _named(Type, "type", given.get("type"))
    known["op"] = _named(Op, "op", given.get("op"))
    for name, kind in _KINDS.items():
        if name in known and type(known[name]) is not kind:
            raise HistoryError(f"{name!r} is to be {kind.__name__}, not {known[name]!r}")
    if isinstance(known.get("time_ms", 0), bool) or not isinstance(known.get("time_ms", 0), int | float):
        raise HistoryError(f"'time_ms' is to be a number, not {known['time_ms']!r}")
    return Operation(**known)


def read_history(lines: Iterable[str]) -> Iterator[Operation]:
    """Every operation; raises HistoryError that names the line. Empty lines are passed over."""
    for number, line in enumerate(lines, 1):
        if line.strip():
            try:
                yield parse(line)
            except HistoryError as error:
                raise HistoryError(f"line {number}: {error}") from error


def _named(kind: type[StrEnum], field: str, given: object) -> StrEnum:
    names = [each.value for each in kind]
    if given in names:
        return kind(given)
    near = difflib.get_close_matches(str(given), names, 1)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    raise HistoryError(f"{field!r} is {given!r}, and has to be one of {', '.join(names)}{hint}")
