"""Checkpoints, producer snapshots and the notes of a log directory."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from minikafka.cli.dumping.lines import Choice, Line, problem, read
from minikafka.cli.output import Cell
from minikafka.log import producer_snapshot
from minikafka.types import NO_OFFSET


def producers(path: Path, choice: Choice) -> Iterator[Line]:
    """`<offset>.snapshot`: what was known of producers below that offset (I9). Raises OSError."""
    states = producer_snapshot.decode(read(path))
    if states is None:
        yield problem("no sound producer snapshot: its version, size or checksum is wrong")
        return
    for state in states:
        last = state.batches[-1] if state.batches else None
        yield Line(
            "producer",
            {
                "producer_id": state.producer_id,
                "producer_epoch": state.epoch,
                "last_sequence": None if last is None else last.last_sequence,
                "last_offset": None if last is None else last.last_offset,
                "first_sequence": None if last is None else last.first_sequence,
                "last_timestamp_ms": state.last_timestamp_ms,
                "coordinator_epoch": state.coordinator_epoch,
                "transaction_start": state.current_transaction_first_offset
                if state.current_transaction_first_offset != NO_OFFSET
                else None,
            },
        )


def leader_epochs(path: Path, choice: Choice) -> Iterator[Line]:
    """`leader-epoch-checkpoint`: where each leader epoch began (L11). Raises OSError."""
    for words in _checkpoint(path, 2):
        if isinstance(words, Line):
            yield words
        else:
            yield Line("leader_epoch", {"leader_epoch": int(words[0]), "start_offset": int(words[1])})


def offsets(path: Path, choice: Choice) -> Iterator[Line]:
    """`*-offset-checkpoint`: an offset per partition (D2, D4). Raises OSError."""
    for words in _checkpoint(path, 3):
        if isinstance(words, Line):
            yield words
        else:
            yield Line("offset", {"topic": words[0], "partition": int(words[1]), "offset": int(words[2])})


def _checkpoint(path: Path, width: int) -> Iterator[list[str] | Line]:
    """The lines after version and count, and what is wrong with them. Kafka creates the file empty."""
    lines = read(path).decode("utf-8", "replace").splitlines()
    if not lines:
        return
    if len(lines) < 2 or lines[0] != "0" or not lines[1].isdigit():
        yield problem("no checkpoint: it begins with its version, 0, and a count")
        return
    for number, line in enumerate(lines[2:], 3):
        words = line.split(" ")
        if len(words) != width or not all(word.lstrip("-").isdigit() for word in words[width - 2 :]):
            yield problem(f"line {number} makes no sense: {line[:80]!r}")
        else:
            yield words
    if int(lines[1]) != len(lines) - 2:
        yield problem(f"{lines[1]} entries are announced, {len(lines) - 2} are there")


def properties(path: Path, choice: Choice) -> Iterator[Line]:
    """`meta.properties`, `partition.metadata`: names and values. Raises OSError."""
    fields: dict[str, Cell] = {}
    for line in read(path).decode("utf-8", "replace").splitlines():
        if line and not line.startswith("#"):
            ends = [at for at in (line.find("="), line.find(":")) if at > 0]
            if not ends:
                yield problem(f"neither name nor value: {line[:80]!r}")
                continue
            fields[line[: min(ends)].strip()] = line[min(ends) + 1 :].strip()
    yield Line("properties", fields)


def json_note(path: Path, choice: Choice) -> Iterator[Line]:
    """`.kafka_cleanshutdown`, `quorum-state`: one JSON object. Raises OSError."""
    try:
        note = json.loads(read(path) or b"{}")
    except ValueError as error:
        yield problem(f"no JSON: {error}")
        return
    yield Line("note", note if isinstance(note, dict) else {"value": note})
