"""What the user chose for the session, and which choice wins: command line, environment, ini file, default.

The marker, which says what one test needs, is stronger than all of these (`shape.py`). Loaded with every pytest run:
nothing is imported here that pytest has not imported already.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

import pytest

if TYPE_CHECKING:
    from minikafka.config import ConfigValue

MODES: Final = ("thread", "process")
NO_FILES: Final = "none"
BETWEEN_SETTINGS: Final = re.compile(r"\n|,(?=\s*[a-z][a-z0-9._-]*=)")
"""In the environment settings stand in one text; a comma may also be part of a value."""


class Option(NamedTuple):
    """One choice. Its ini name is `minikafka_NAME`, its environment variable `MINIKAFKA_NAME`."""

    name: str
    metavar: str
    help: str
    many: bool = False

    @property
    def flag(self) -> str:
        return f"--minikafka-{self.name}"

    @property
    def ini(self) -> str:
        return f"minikafka_{self.name}"

    @property
    def variable(self) -> str:
        return self.ini.upper()


BOOTSTRAP: Final = Option(
    "bootstrap", "HOST:PORT", "run against this running Kafka; tests that need levers are skipped by name"
)
CONFIG: Final = Option("config", "KEY=VALUE", "a broker setting, by Kafka's name; may be repeated", many=True)
BROKERS: Final = Option("brokers", "N", "how many brokers (default 1)")
MODE: Final = Option("mode", "thread|process", "where brokers run (default thread)")
TRACE: Final = Option(
    "trace",
    "DIR",
    "where the events of failed tests go (default: pytest's temporary directory); none: nowhere",
)
OPTIONS: Final = (BOOTSTRAP, CONFIG, BROKERS, MODE, TRACE)


class Chosen(NamedTuple):
    """The session's choices. config: strongest source first per name. None: not chosen."""

    bootstrap: str | None
    config: dict[str, ConfigValue]
    brokers: int | None
    mode: str | None
    trace: str | None


def add_options(parser: pytest.Parser) -> None:
    group = parser.getgroup("minikafka", "Kafka brokers for tests")
    for option in OPTIONS:
        group.addoption(
            option.flag,
            action="append" if option.many else "store",
            metavar=option.metavar,
            default=None,
            help=option.help,
        )
        parser.addini(option.ini, f"as {option.flag}", type=_ini_type(option), default=None)


def _ini_type(option: Option) -> Literal["string", "linelist"]:
    return "linelist" if option.many else "string"


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
