"""Judge a recorded history: ours, or that of any program that writes the same lines (`checker/operation.py`).

Lines may carry a `run`, as those of history.jsonl do; each run is then judged by itself.
"""

from __future__ import annotations

import json
from collections.abc import Iterable

from minikafka.checker.judge import judge
from minikafka.checker.operation import HistoryError, Operation, parse
from minikafka.checker.verdict import ClientVerdict


def check(lines: Iterable[str]) -> dict[str, ClientVerdict]:
    """The verdict of each run, "" where lines name none. Raises HistoryError with the number of a wrong line."""
    runs: dict[str, list[Operation]] = {}
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            operation = parse(line)
        except HistoryError as error:
            raise HistoryError(f"line {number}: {error}") from error
        name = json.loads(line).get("run", "")
        runs.setdefault(str(name), []).append(operation)
    if not runs:
        raise HistoryError("there is no operation in it")
    return {name: judge(operations) for name, operations in runs.items()}
