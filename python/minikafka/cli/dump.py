"""Decode the files of a log directory, of minikafka or of Apache Kafka: segments, indexes, checkpoints, snapshots.

Records of __consumer_offsets, __transaction_state and __cluster_metadata are decoded by their directory's name. Index
entries are held against the segment beside them, checksums are verified. Status 1 when anything is damaged: it is told
where, and what comes after is still shown.

Examples:
  minikafka dump /tmp/data/broker-1/orders-0/00000000000000000000.log
  minikafka dump --batches -o 1000 /tmp/data/broker-1/orders-0
  minikafka dump -J /tmp/data | jq 'select(.kind == "problem")'
  minikafka dump --quiet /var/lib/kafka/data                (only what is damaged)
  minikafka dump --as __transaction_state copied-segment.log
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Final

from minikafka.cli.dumping.files import found
from minikafka.cli.dumping.lines import PROBLEM, Choice, Line
from minikafka.cli.main import FALSE
from minikafka.cli.output import Cell, add_json_option, cell_text
from minikafka.cli.progress import Progress
from minikafka.errors import ConfigError

UNKNOWN: Final = -1


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", nargs="+", type=Path, metavar="FILE", help="files, or directories of them")
    parser.add_argument("--batches", action="store_true", help="batches only, not their records")
    parser.add_argument(
        "-o", "--offset", type=int, default=0, metavar="N", help="segments from this offset on"
    )
    parser.add_argument("--as", dest="topic", metavar="TOPIC", help="decode records as those of this topic")
    parser.add_argument("-q", "--quiet", action="store_true", help="only what is damaged")
    add_json_option(parser)


def run(arguments: argparse.Namespace) -> int:
    choice = Choice(not arguments.batches, arguments.topic, arguments.offset)
    paths = [each for path in arguments.file for each in found(path)]
    problems = 0
    with Progress("bytes", sum(path.stat().st_size for path, _ in paths)) as progress:
        for path, decoder in paths:
            if not arguments.json and not arguments.quiet:
                print(path)
            try:
                for line in decoder(path, choice):
                    problems += line.kind == PROBLEM
                    if line.kind == PROBLEM or not arguments.quiet:
                        print(_json(path, line) if arguments.json else _text(path, line, arguments.quiet))
            except BrokenPipeError:
                raise
            except OSError as error:
                raise ConfigError(f"cannot read {path}: {error.strerror or error}") from error
            progress.add(path.stat().st_size)
    if problems and not arguments.json:
        sys.stderr.write(f"minikafka: {problems} {'problem' if problems == 1 else 'problems'}\n")
    return FALSE if problems else 0


def _json(path: Path, line: Line) -> str:
    row: dict[str, Cell] = {"file": str(path), "kind": line.kind, **line.fields}
    return json.dumps(row, ensure_ascii=False)


def _text(path: Path, line: Line, with_path: bool) -> str:
    words = [f"{name}={_shown(value)}" for name, value in line.fields.items() if value is not None]
    start = f"{path}: " if with_path else "  " * (line.depth + 1)
    return start + " ".join([line.kind, *words])


def _shown(value: Cell) -> str:
    """On one line whatever it is, quoted where it would not be one word."""
    text = json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else cell_text(value)
    is_word = text.isprintable() and " " not in text and text
    return text if is_word or isinstance(value, dict | list) else json.dumps(text)
