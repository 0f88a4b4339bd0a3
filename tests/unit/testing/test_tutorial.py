"""The tutorial's test file, put together as its reader does, passes."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

PAGE = Path(__file__).resolve().parents[3] / "docs" / "learn" / "first-loss-test.md"
BLOCKS = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
FILE: dict[str, Callable[[], None]] = {}
exec(compile("\n\n".join(BLOCKS), str(PAGE), "exec"), FILE)


@pytest.mark.parametrize("name", [name for name in FILE if name.startswith("test_")])
def test_each_step_of_the_tutorial_passes(name: str) -> None:
    """What the page says happens, happens."""
    FILE[name]()
