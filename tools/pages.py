"""What the tools that write a page of docs/reference share: write it, or with `--check` say whether it is stale."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def write(name: str, page: Callable[[], str], arguments: list[str] | None) -> int:
    """Write docs/reference/`name`; returns the process status."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--check", action="store_true", help="only say whether the page is fresh")
    options = parser.parse_args(arguments)
    path = ROOT / "docs" / "reference" / name
    fresh = page()
    if options.check:
        if path.exists() and fresh == path.read_text(encoding="utf-8"):
            return 0
        print(f"stale: docs/reference/{name}; run tools/{path.stem}_page.py", file=sys.stderr)
        return 1
    path.write_text(fresh, encoding="utf-8")
    return 0


def cell(text: str) -> str:
    """Text in a cell of a Markdown table."""
    return text.replace("|", "\\|")
