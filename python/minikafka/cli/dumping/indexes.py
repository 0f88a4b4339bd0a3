"""Index files, each entry held against the segment beside it, as Kafka's own tool does."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from minikafka._core import BatchHeader
from minikafka.cli.dumping.lines import Choice, Line, problem, read
from minikafka.cli.dumping.segment import positions
from minikafka.cli.times import time_text

OFFSET_ENTRY: Final = struct.Struct(">ii")
TIME_ENTRY: Final = struct.Struct(">qi")
ABORTED_ENTRY: Final = struct.Struct(">hqqqq")


def offset_index(path: Path, choice: Choice) -> Iterator[Line]:
    """`.index`: the last offset of a batch, and where the batch begins. Raises OSError."""
    base = _base_offset(path)
    batches = _segment_beside(path)
    before = -1
    view = read(path)
    yield from _torn(view, OFFSET_ENTRY)
    for relative, position in _entries(view, OFFSET_ENTRY):
        offset = base + relative
        yield Line("index_entry", {"offset": offset, "position": position})
        if offset <= before:
            yield problem(f"offset {offset} after {before}: entries must ascend")
        before = offset
        if batches is not None:
            header = batches.get(position)
            if header is None:
                yield problem(f"no batch begins at position {position}", offset=offset)
            elif header.last_offset != offset:
                yield problem(
                    f"the batch at position {position} ends at offset {header.last_offset}, not {offset}"
                )


def time_index(path: Path, choice: Choice) -> Iterator[Line]:
    """`.timeindex`: the largest timestamp so far, and the offset that carries it. Raises OSError."""
    base = _base_offset(path)
    batches = list((_segment_beside(path) or {}).values())
    youngest, seen, before = -1, 0, -1
    view = read(path)
    yield from _torn(view, TIME_ENTRY)
    for timestamp, relative in _entries(view, TIME_ENTRY):
        offset = base + relative
        yield Line(
            "time_index_entry", {"timestamp_ms": timestamp, "time": time_text(timestamp), "offset": offset}
        )
        if timestamp < before:
            yield problem(f"timestamp {timestamp} after {before}: entries must ascend")
        before = timestamp
        while seen < len(batches) and batches[seen].base_offset <= offset:
            youngest = max(youngest, batches[seen].max_timestamp)
            seen += 1
        if batches and youngest != timestamp:
            yield problem(f"up to offset {offset} the largest timestamp is {youngest}, not {timestamp}")


def transaction_index(path: Path, choice: Choice) -> Iterator[Line]:
    """`.txnindex`: the aborted transactions whose marker is in this segment. Raises OSError."""
    view = read(path)
    yield from _torn(view, ABORTED_ENTRY)
    for version, producer_id, first, last, stable in _entries(view, ABORTED_ENTRY):
        yield Line(
            "aborted_transaction",
            {
                "version": version,
                "producer_id": producer_id,
                "first_offset": first,
                "last_offset": last,
                "last_stable_offset": stable,
            },
        )
        if version != 0 or not 0 <= first <= last:
            yield problem("no aborted transaction looks like this", first_offset=first)


def _entries(view: bytes, form: struct.Struct) -> Iterator[tuple[int, ...]]:
    """Whole ones, up to the zeros of a file that was made larger in advance."""
    filled = len(view.rstrip(b"\0"))
    whole = min(-(-filled // form.size) * form.size, len(view) - len(view) % form.size)
    yield from form.iter_unpack(view[:whole])


def _torn(view: bytes, form: struct.Struct) -> Iterator[Line]:
    if len(view) % form.size:
        yield problem(f"{len(view)} bytes are no whole number of entries of {form.size}")


def _base_offset(path: Path) -> int:
    return int(path.stem) if path.stem.isdigit() else 0


def _segment_beside(path: Path) -> dict[int, BatchHeader] | None:
    log = path.with_suffix(".log")
    if not log.is_file():
        return None
    return positions(log)
