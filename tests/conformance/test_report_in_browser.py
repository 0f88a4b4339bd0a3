"""The lab's report in a real browser: light and dark, wide and narrow, with nothing fetched and nothing hidden.

Chromium (Debian's) driven by Playwright; `python -m conformance.build browser` fetches what is missing.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from minikafka.lab.report import write_all
from minikafka.lab.runner import plan, run_all
from minikafka.lab.scenarios import scenario

from conformance import build

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

NAMES = ("lost-response", "too-large")
LEAST_CONTRAST = 4.5
"""WCAG AA, for text of this size."""
LOOKED_AT = "body, .soft, blockquote, a, .PASS, th, code, summary, figcaption"

CONTRAST = """selector => {
    const shade = colour => {
        const parts = colour.match(/[\\d.]+/g).slice(0, 3).map(each => each / 255)
            .map(each => each <= 0.03928 ? each / 12.92 : ((each + 0.055) / 1.055) ** 2.4);
        return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2];
    };
    const page = shade(getComputedStyle(document.body).backgroundColor);
    return [...document.querySelectorAll(selector)].map(element => {
        const ink = shade(getComputedStyle(element).color);
        return (Math.max(ink, page) + 0.05) / (Math.min(ink, page) + 0.05);
    });
}"""


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of two short scenarios, really run."""
    results = list(run_all(plan([scenario(name) for name in NAMES], [1])))
    return write_all(results, tmp_path_factory.mktemp("report"), 1.0)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if not build.is_available("browser"):
        pytest.skip("the report in a browser needs chromium on PATH")
    build.build("browser")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        yield chromium
        chromium.close()


@pytest.fixture(params=["light", "dark"])
def page(request: pytest.FixtureRequest, browser: Browser, report: Path) -> Iterator[Page]:
    """The report, as a reader with this preference sees it; fails when it fetched or complained about anything."""
    opened = browser.new_page(color_scheme=request.param, viewport={"width": 1100, "height": 800})
    fetched: list[str] = []
    said: list[str] = []
    opened.on("request", lambda one: fetched.append(one.url))
    opened.on("console", lambda one: said.append(one.text))
    opened.on("pageerror", lambda one: said.append(str(one)))
    opened.goto(report.as_uri())
    yield opened
    opened.close()
    assert fetched == [report.as_uri()]
    assert said == []


def test_every_text_can_be_read(page: Page) -> None:
    """Contrast of all kinds of text against the page."""
    found = page.evaluate(CONTRAST, LOOKED_AT)
    assert len(found) > 20
    assert min(found) >= LEAST_CONTRAST


def test_every_picture_is_drawn_and_named(page: Page) -> None:
    """With a size on the screen, a title for who cannot see it, and points in it."""
    pictures = page.locator("svg.plot")
    assert pictures.count() >= len(NAMES) * 2
    for number in range(pictures.count()):
        picture = pictures.nth(number)
        box = picture.bounding_box()
        assert box is not None
        assert box["width"] > 600
        assert box["height"] > 200
        assert picture.locator("title").first.text_content()
        assert picture.locator("circle, path.cross").count() > 0


def test_it_fits_a_narrow_screen(page: Page) -> None:
    """Tables scroll by themselves; the page does not."""
    page.set_viewport_size({"width": 380, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= 380


def test_claims_lead_to_their_runs_and_stories_open_by_keyboard(page: Page) -> None:
    """A link to each section, a heading in each, and no mouse needed."""
    for name in NAMES:
        page.locator(f'a[href="#{name}"]').first.focus()
        page.keyboard.press("Enter")
        assert page.url.endswith(f"#{name}")
        assert page.get_by_role("region", name=scenario(name).title).count() == 1
    story = page.locator("#lost-response details", has_text="from both sides").first
    story.locator("summary").focus()
    page.keyboard.press("Enter")
    assert "duplicated" in story.locator("pre").inner_text()
