"""Sections of docs/reference/performance.md that a benchmark writes itself, each between two marks with its name."""

from __future__ import annotations

import argparse
import re
from pathlib import Path
from typing import Final

from conformance.paths import ROOT

PAGE: Final = ROOT / "docs" / "reference" / "performance.md"


def offer(parser: argparse.ArgumentParser) -> None:
    """`--write`."""
    where = PAGE.relative_to(ROOT)
    parser.add_argument("--write", action="store_true", help=f"also put the figures into {where}")


def put(name: str, text: str, page: Path = PAGE) -> None:
    """In the place of what stood there under this name, or at the end."""
    begin, end = f"<!-- {name} -->", f"<!-- end of {name} -->"
    section = f"{begin}\n{text.strip()}\n\n{end}\n"
    before = page.read_text(encoding="utf-8")
    known = re.compile(f"{re.escape(begin)}.*?{re.escape(end)}\n", re.DOTALL)
    after, places = known.subn(lambda _: section, before)
    page.write_text(after if places else f"{before.rstrip()}\n\n{section}", encoding="utf-8")
