"""What verbs print: a table for people, one JSON object per line for programs; the same rows either way."""

from __future__ import annotations

import argparse
import base64
import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias

Cell: TypeAlias = "str | int | float | bool | Sequence[Cell] | Mapping[str, Cell] | None"
Row: TypeAlias = Mapping[str, Cell]


def add_json_option(parser: argparse.ArgumentParser) -> None:
    """`--json`/`-J`, read as `arguments.json`."""
    parser.add_argument("--json", "-J", action="store_true", help="one JSON object per line")


def show(rows: Iterable[Row], *, as_json: bool) -> None:
    """As lines of JSON while they come, or as one table with the first row's columns."""
    if as_json:
        for row in rows:
            sys.stdout.write(json.dumps(row, ensure_ascii=False) + "\n")
        return
    table = list(rows)
    if not table:
        return
    columns = list(table[0])
    lines = [[column.replace("_", " ").upper() for column in columns]]
    lines += [[cell_text(row.get(column)) for column in columns] for row in table]
    widths = [max(len(line[at]) for line in lines) for at in range(len(columns))]
    is_number = [isinstance(table[0].get(column), int) for column in columns]
    for line in lines:
        cells = [
            text.rjust(width) if number else text.ljust(width)
            for text, width, number in zip(line, widths, is_number, strict=True)
        ]
        sys.stdout.write("  ".join(cells).rstrip() + "\n")


def cell_text(cell: Cell) -> str:
    """For people."""
    if cell is None or cell == "":
        return "-"
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, Mapping):
        return " ".join(f"{key}={cell_text(value)}" for key, value in cell.items()) or "-"
    if isinstance(cell, Sequence) and not isinstance(cell, str):
        return ",".join(map(cell_text, cell)) or "-"
    return str(cell)


def bytes_cell(name: str, data: bytes | None) -> dict[str, Cell]:
    """`name` with the text, or where it is no UTF-8 `name_base64`, so that nothing is lost on the way."""
    if data is None:
        return {name: None}
    try:
        return {name: data.decode()}
    except UnicodeDecodeError:
        return {f"{name}_base64": base64.b64encode(data).decode()}


def printable(data: bytes | None) -> str:
    """Bytes on one line of a table: text as it is, the rest escaped."""
    if data is None:
        return "-"
    text = data.decode("utf-8", "backslashreplace")
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)
