"""The options, ini names and environment variables of the plugin. Loaded with every pytest run, so nothing is imported
here that pytest has not imported already, and nothing is made that only a fixture needs."""

from __future__ import annotations

import os
from typing import Final, Literal

import pytest


class Option:
    """One choice. Its ini name is `minikafka_NAME`, its environment variable `MINIKAFKA_NAME`."""

    __slots__ = ("flag", "help", "ini", "many", "metavar", "variable")

    def __init__(self, name: str, metavar: str, help: str, *, many: bool = False) -> None:  # noqa: A002 - as pytest calls it
        self.flag = f"--minikafka-{name}"
        self.ini = f"minikafka_{name}"
        self.variable = self.ini.upper()
        self.metavar = metavar
        self.help = help
        self.many = many


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


def is_external(config: pytest.Config) -> bool:
    """Whether the user names a running Kafka."""
    given = (
        config.getoption(BOOTSTRAP.flag),
        os.environ.get(BOOTSTRAP.variable),
        config.getini(BOOTSTRAP.ini),
    )
    return any(given)
