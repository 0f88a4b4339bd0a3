"""The client-side checker as the lab uses it: a recorded history in, a verdict out.

    verdict = check(read_history(lines), Configuration(acks=1, died=frozenset({Death.BROKER})))
    verdict.bad                # broken promises
    verdict.of(Anomaly.LOST)   # allowed ones too

Where the lines come from (a file, a running client) is the caller's business. The checker itself is
`minikafka.checker`, below the simulator, which shares it.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from minikafka.checker.allowed import Configuration, Death
from minikafka.checker.anomaly import Anomaly
from minikafka.checker.judge import DEFAULT
from minikafka.checker.judge import judge as check
from minikafka.checker.operation import HistoryError, Op, Operation, Type, parse, read_history
from minikafka.checker.outcomes import Outcome
from minikafka.checker.verdict import ClientFinding, ClientVerdict, Stage

__all__ = [
    "Anomaly",
    "ClientFinding",
    "ClientVerdict",
    "Configuration",
    "Death",
    "HistoryError",
    "Op",
    "Operation",
    "Outcome",
    "Stage",
    "Type",
    "check",
    "check_file",
    "parse",
    "read_history",
    "write_history",
]


def check_file(path: Path, configuration: Configuration = DEFAULT) -> ClientVerdict:
    """Judge a `history.jsonl`. Raises HistoryError that names file and line, for one that cannot be read as well."""
    try:
        with path.open(encoding="utf-8") as lines:
            return check(read_history(lines), configuration)
    except (OSError, UnicodeDecodeError, HistoryError) as error:
        raise HistoryError(f"{path}: {error}") from error


def write_history(path: Path, history: Iterable[Operation]) -> None:
    """One line per operation."""
    with path.open("w", encoding="utf-8") as lines:
        lines.writelines(f"{operation.as_json()}\n" for operation in history)
