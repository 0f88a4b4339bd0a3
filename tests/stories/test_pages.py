"""Every page of docs/learn with story blocks tells what happens; `minikafka story FILE --rewrite` mends one."""

from __future__ import annotations

from pathlib import Path

import pytest
from minikafka.story.page import OPENING, blocks
from minikafka.story.session import Story

LEARN = Path(__file__).resolve().parents[2] / "docs" / "learn"
PAGES = sorted(path for path in LEARN.glob("*.md") if OPENING in path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_page_tells_what_happens(page: Path) -> None:
    """Each block's commands make the cluster tell just the lines that stand there."""
    story = Story()
    for block in blocks(page.read_text(encoding="utf-8")):
        assert tuple(story.run(block.commands)) == block.expected, f"{page.name}, line {block.first_line}"
