"""The pages of docs/reference that are written from the code are true."""

from __future__ import annotations

import pytest

from tools import cli_page, settings_page

PAGES = {"cli.md": cli_page, "settings.md": settings_page}


@pytest.mark.parametrize("name", PAGES)
def test_the_page_is_fresh(name: str) -> None:
    """After an option or a setting changed: python tools/cli_page.py, python tools/settings_page.py."""
    assert PAGES[name].main(["--check"]) == 0


def test_a_stale_page_is_noticed(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """The check above can fail."""
    monkeypatch.setattr(settings_page, "INTRODUCTION", "other\n")
    assert settings_page.main(["--check"]) == 1
    assert "stale: docs/reference/settings.md" in capsys.readouterr().err
