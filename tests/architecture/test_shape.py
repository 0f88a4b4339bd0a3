"""What linters cannot say about the shape of the code (docs/style.md)."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest
from minikafka.broker.handlers import HANDLERS
from minikafka.wire.support import SERVED

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "python" / "minikafka"
GENERATED = (PACKAGE / "wire" / "messages", PACKAGE / "wire" / "records")
MODULES = sorted(
    path
    for path in PACKAGE.rglob("*.py")
    if path.stat().st_size and not any(folder in path.parents for folder in GENERATED)
)
LONGEST_FILE = 650
"""Past 400 lines a semantic file is a design question; past this it is an answer (docs/style.md)."""


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_every_module_opens_with_its_lesson_and_stays_short(path: Path) -> None:
    """A docstring first; no file where everything ends up."""
    text = path.read_text(encoding="utf-8")
    assert ast.get_docstring(ast.parse(text)) or text.startswith("#"), "a module says what it is for"
    assert text.count("\n") <= LONGEST_FILE


def test_every_served_api_has_a_handler_and_the_other_way_round() -> None:
    """The handlers' folder and the support table are one promise."""
    assert set(HANDLERS) == set(SERVED)


def test_importing_the_package_loads_nothing_heavy() -> None:
    """`import minikafka` is free; the event loop comes with the first cluster (docs/explain/architecture.md)."""
    script = "import sys, minikafka; print(sorted({'asyncio', 'minikafka._core'} & set(sys.modules)))"
    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert loaded.stdout.strip() == "[]"
