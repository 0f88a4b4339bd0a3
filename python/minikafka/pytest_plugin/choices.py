"""What the user chose for the session, and which choice wins: command line, environment, ini file, default.

The marker, which says what one test needs, is stronger than all of these (`shape.py`).
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Final, NamedTuple

import pytest

from minikafka.pytest_plugin.options import BOOTSTRAP, BROKERS, CONFIG, MODE, TRACE, Option

if TYPE_CHECKING:
    from minikafka.config import ConfigValue

MODES: Final = ("thread", "process")
NO_FILES: Final = "none"
BETWEEN_SETTINGS: Final = re.compile(r"\n|,(?=\s*[a-z][a-z0-9._-]*=)")
"""In the environment settings stand in one text; a comma may also be part of a value."""


class Chosen(NamedTuple):
    """The session's choices. config: strongest source first per name. None: not chosen."""

    bootstrap: str | None
    config: dict[str, ConfigValue]
    brokers: int | None
    mode: str | None
    trace: str | None


def chosen(config: pytest.Config) -> Chosen:
    """Raises pytest.UsageError for a value that cannot be meant, naming where it stands."""
    return Chosen(
        bootstrap=_one(config, BOOTSTRAP),
        config=_settings(config),
        brokers=_number(config, BROKERS),
        mode=_mode(config),
        trace=_one(config, TRACE),
    )


def _sources(config: pytest.Config, option: Option) -> list[tuple[str, list[str]]]:
    """(where, values) of each source that says anything, strongest first."""
    line = config.getoption(option.flag)
    ini = config.getini(option.ini)
    environment = os.environ.get(option.variable, "")
    found = [
        (option.flag, line if option.many else [line]),
        (option.variable, BETWEEN_SETTINGS.split(environment) if option.many else [environment]),
        (f"{option.ini} in {config.inipath}", ini if option.many else [ini]),
    ]
    cleaned = [(where, [value.strip() for value in values or [] if value]) for where, values in found]
    return [(where, values) for where, values in cleaned if values]


def _one(config: pytest.Config, option: Option) -> str | None:
    found = _sources(config, option)
    return found[0][1][0] if found else None


def _number(config: pytest.Config, option: Option) -> int | None:
    for where, (text, *_) in _sources(config, option):
        if not text.isdecimal() or int(text) < 1:
            raise pytest.UsageError(f"{where}: {text!r} is not a number of brokers, 1 or more")
        return int(text)
    return None


def _mode(config: pytest.Config) -> str | None:
    for where, (text, *_) in _sources(config, MODE):
        if text not in MODES:
            raise pytest.UsageError(f"{where}: {text!r} is none of {', '.join(MODES)}")
        return text
    return None


def _settings(config: pytest.Config) -> dict[str, ConfigValue]:
    settings: dict[str, ConfigValue] = {}
    for where, texts in reversed(_sources(config, CONFIG)):
        for text in texts:
            name, equals, value = text.partition("=")
            if not equals or not name.strip():
                raise pytest.UsageError(f"{where}: {text!r} is not KEY=VALUE")
            settings[name.strip()] = value.strip()
    return settings
