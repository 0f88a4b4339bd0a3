"""The documentation holds together: links lead somewhere, and every how-to is in the list of how-tos."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.docs.snippets import ROOT, pages

LINK = re.compile(r"(?<!!)\[[^\]]*\]\((?P<target>[^)\s]+)\)")
FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
HEADING = re.compile(r"^#+ +(.*)$", re.MULTILINE)


def anchors(page: Path) -> set[str]:
    """As GitHub makes them: lower case, blanks to hyphens, no punctuation."""
    text = FENCE.sub("", page.read_text(encoding="utf-8"))
    found = set()
    for heading in HEADING.findall(text):
        words = re.sub(r"[`*]|\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower()
        found.add(re.sub(r"[^\w\- ]", "", words).strip().replace(" ", "-"))
    return found


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    """To a file that is there and, behind a #, to a heading in it."""
    text = FENCE.sub("", page.read_text(encoding="utf-8"))
    broken = []
    for target in (link["target"] for link in LINK.finditer(text)):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        to = (page.parent / path).resolve() if path else page
        if not to.exists() or (anchor and to.suffix == ".md" and anchor not in anchors(to)):
            broken.append(target)
    assert broken == []


def test_every_how_to_is_listed() -> None:
    """A page nobody leads to is a page nobody reads."""
    directory = ROOT / "docs" / "how-to"
    listed = set(re.findall(r"\(([a-z-]+\.md)\)", (directory / "README.md").read_text(encoding="utf-8")))
    assert listed == {page.name for page in directory.glob("*.md")} - {"README.md"}


def test_the_site_leads_to_every_page() -> None:
    """But decisions, which their own list leads to, and the page of one's last rules shown."""
    named = set(re.findall(r'"([\w/-]+\.md)"', (ROOT / "zensical.toml").read_text(encoding="utf-8")))
    there = {str(page.relative_to(ROOT / "docs")) for page in (ROOT / "docs").rglob("*.md")}
    assert named - there == set()
    elsewhere = {"reference/rules-shown.md"}
    assert {page for page in there - named if not page.startswith("adr/")} <= elsewhere
