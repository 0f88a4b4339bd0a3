"""The example of the page on time runs as pasted."""

from __future__ import annotations

import re
from pathlib import Path

PAGE = Path(__file__).resolve().parents[3] / "docs" / "explain" / "time.md"


def test_the_snippet_of_the_page_on_time_runs() -> None:
    """A session that ends, a transaction that times out, a clock that stands still."""
    (snippet,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    exec(compile(snippet, str(PAGE), "exec"), {})
