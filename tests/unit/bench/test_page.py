"""A benchmark puts its figures where they belong on the page, and leaves the rest of it alone."""

from __future__ import annotations

from pathlib import Path

from bench import page

PAGE = """# Performance

<!-- bench.one -->
## One

old

<!-- end of bench.one -->

## By hand
"""


def test_a_section_takes_the_place_of_the_one_before(tmp_path: Path) -> None:
    """Where it was; a backslash in it is one."""
    where = tmp_path / "page.md"
    where.write_text(PAGE)
    page.put("bench.one", "## One\n\nnew \\1\n", where)
    assert where.read_text() == PAGE.replace("old", "new \\1")


def test_a_section_that_was_not_there_comes_last(tmp_path: Path) -> None:
    where = tmp_path / "page.md"
    where.write_text(PAGE)
    page.put("bench.two", "## Two", where)
    assert where.read_text() == PAGE + "\n<!-- bench.two -->\n## Two\n\n<!-- end of bench.two -->\n"
    page.put("bench.two", "## Two, again", where)
    assert where.read_text() == PAGE + "\n<!-- bench.two -->\n## Two, again\n\n<!-- end of bench.two -->\n"
