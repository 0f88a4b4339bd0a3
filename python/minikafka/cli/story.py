"""Run a story: a page whose command blocks run in the simulator, and compare what is told with what stands there.

Examples:
  minikafka story docs/learn/isr.md
  minikafka story docs/learn/isr.md --rewrite
"""

from __future__ import annotations

import argparse
import difflib
import sys
from pathlib import Path

from minikafka.cli.main import FALSE
from minikafka.cli.output import add_json_option, show
from minikafka.errors import ConfigError


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "file", type=Path, help="a Markdown page with story blocks, such as docs/learn/isr.md"
    )
    parser.add_argument("--rewrite", action="store_true", help="put what was told into the page")
    add_json_option(parser)


def run(arguments: argparse.Namespace) -> int:
    """0: the page tells what happens. 1: something else happens; the differences are printed."""
    from minikafka.story.page import blocks, rewritten
    from minikafka.story.session import Story

    path: Path = arguments.file
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from error
    story = Story()
    told = []
    for block in blocks(text):
        try:
            told.append(story.run(block.commands))
        except ConfigError as error:
            raise ConfigError(f"{path}, block at line {block.first_line}: {error}") from error
    if not told:
        raise ConfigError(f"{path} has no story blocks")
    fresh = rewritten(text, told)
    if arguments.rewrite:
        path.write_text(fresh, encoding="utf-8")
    if arguments.json:
        show([{"page": str(path), "blocks": len(told), "as_told": fresh == text}], as_json=True)
        return 0 if arguments.rewrite or fresh == text else FALSE
    if arguments.rewrite:
        print(f"{path}: {len(told)} blocks {'rewritten' if fresh != text else 'as they were'}")
        return 0
    differences = difflib.unified_diff(
        text.splitlines(), fresh.splitlines(), "the page", "what happened", lineterm="", n=2
    )
    lines = list(differences)
    sys.stdout.writelines(f"{line}\n" for line in lines)
    if not lines:
        print(f"{path}: {len(told)} blocks, all as the page tells")
    return FALSE if lines else 0
