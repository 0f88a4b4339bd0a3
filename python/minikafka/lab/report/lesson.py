"""A scenario's lesson as HTML and as Markdown: paragraphs flow, indented blocks are kept."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import escape


def paragraphs(lesson: str) -> Iterator[tuple[bool, str]]:
    """Whether it is a block to be kept as it is, and its text without the indentation all of it has."""
    for part in lesson.strip().split("\n\n"):
        lines = part.split("\n")
        if all(line.startswith("    ") for line in lines):
            yield True, "\n".join(line[4:] for line in lines)
        else:
            yield False, " ".join(line.strip() for line in lines)


def html_of(lesson: str) -> str:
    """Backticks become code, stars emphasis."""
    return "".join(
        f"<pre>{escape(text)}</pre>" if is_block else f"<p>{_inline(escape(text))}</p>"
        for is_block, text in paragraphs(lesson)
    )


def markdown_of(lesson: str) -> str:
    """Blocks fenced; the rest is Markdown already."""
    return "\n\n".join(f"```text\n{text}\n```" if is_block else text for is_block, text in paragraphs(lesson))


def _inline(text: str) -> str:
    text = re.sub(r"`([^`]+)`", r"<code>\1</code>", text)
    return re.sub(r"(?<![\w*])\*([^*]+)\*(?![\w*])", r"<em>\1</em>", text)
