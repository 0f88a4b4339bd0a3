"""The first screen of the README runs as pasted."""

from __future__ import annotations

import re
from pathlib import Path

README = Path(__file__).resolve().parents[3] / "README.md"


def test_the_snippet_of_the_readme_runs() -> None:
    """One acknowledged record, its leader killed, and the record still there."""
    (snippet,) = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    exec(compile(snippet, str(README), "exec"), {})
