"""The code blocks of the documentation, as their readers would use them.

A block is said more about in a comment right above it, which no reader sees:

    <!-- file: test_loss.py -->        the block is (a part of) this file; shell commands of the page find it there
    <!-- needs: go -->                 run only where this command is on PATH
    <!-- not run: REASON -->           never run; the reason is what the skipped test says
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BLOCK = re.compile(
    r"(?P<notes>(?:^<!--[^\n]*-->\n)*)^```(?P<language>[a-z]+)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL
)
NOTE = re.compile(r"<!-- *(?P<name>file|needs|not run): *(?P<value>.*?) *-->")
SHELL = ("sh", "bash", "console")


@dataclass(frozen=True, slots=True)
class Snippet:
    """One block. line: of its first line, from 1."""

    page: Path
    line: int
    language: str
    text: str
    notes: dict[str, str] = field(default_factory=dict)

    @property
    def id(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"

    @property
    def file(self) -> str | None:
        return self.notes.get("file")


def pages() -> list[Path]:
    """The README and everything below docs but the generated and the history."""
    return [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def snippets(page: Path) -> Iterator[Snippet]:
    """Of one page, in order."""
    text = page.read_text(encoding="utf-8")
    for block in BLOCK.finditer(text):
        notes = {note["name"]: note["value"] for note in NOTE.finditer(block["notes"])}
        line = text.count("\n", 0, block.start("text")) + 1
        yield Snippet(page, line, block["language"], block["text"], notes)


def files(page: Path) -> dict[str, str]:
    """The files a page has its reader write, by name; blocks of one name are parts of one file."""
    found: dict[str, str] = {}
    for snippet in snippets(page):
        if snippet.file is not None and snippet.language == "python":
            found[snippet.file] = found.get(snippet.file, "") + "\n\n" + snippet.text
    return found


def commands(snippet: Snippet) -> list[str]:
    """The commands of a shell block, without prompts and comments; a backslash continues a line."""
    joined = snippet.text.replace("\\\n", " ")
    lines = (line.removeprefix("$ ").strip() for line in joined.splitlines())
    return [line for line in lines if line and not line.startswith("#")]
