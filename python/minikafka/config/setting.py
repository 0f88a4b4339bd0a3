"""One setting: its name, type, default, limits and one line of documentation.

A settings class (`TopicSettings`, `BrokerSettings`) is the table: each field is declared once, by one of the
constructors below, and carries everything there is to know about the setting. Kafka's dotted name is the
field's name with underscores as dots; durations and sizes keep Kafka's units, which end the names (`_ms`,
`_bytes`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from enum import IntEnum
from types import MappingProxyType
from typing import Final, TypeAlias, TypeVar, cast

from minikafka.errors import ConfigError

ConfigValue: TypeAlias = str | int | bool
"""A setting as a user gives it."""

SettingValue: TypeAlias = bool | int | float | str | tuple[str, ...] | None
"""A setting as the broker uses it."""

T = TypeVar("T")

INT_MAX: Final = 2**31 - 1
LONG_MAX: Final = 2**63 - 1
"""Kafka's "never" for durations and counts."""


class SettingType(IntEnum):
    """Kafka's types, with the numbers DescribeConfigs sends."""

    BOOLEAN = 1
    STRING = 2
    INT = 3
    SHORT = 4
    LONG = 5
    DOUBLE = 6
    LIST = 7
    CLASS = 8
    PASSWORD = 9


_BOUNDS: Final = {
    SettingType.SHORT: (-(2**15), 2**15 - 1),
    SettingType.INT: (-(2**31), INT_MAX),
    SettingType.LONG: (-(2**63), LONG_MAX),
}


def config_text(value: ConfigValue) -> str:
    """As Kafka writes it: booleans in lower case."""
    return str(value).lower() if isinstance(value, bool) else str(value)


@dataclass(frozen=True, slots=True)
class Setting:
    """What is known about one setting.

    at_least: smallest number allowed. choices: the words allowed (of each element, for a list).
    supported: False when Kafka knows it and this broker takes it without effect.
    """

    name: str
    type: SettingType
    default: SettingValue
    doc: str = ""
    at_least: float | None = None
    choices: tuple[str, ...] = ()
    supported: bool = True

    def parse(self, given: ConfigValue) -> SettingValue:
        """The typed value. Raises ConfigError in Kafka's words: wrong type, out of range, unknown word."""
        text = config_text(given).strip()
        value = self._typed(text)
        self._check(value, text)
        return value

    def _typed(self, text: str) -> SettingValue:
        if self.type is SettingType.BOOLEAN:
            if text.lower() not in ("true", "false"):
                raise self._invalid(text, "Expected value to be either true or false")
            return text.lower() == "true"
        if self.type in _BOUNDS or self.type is SettingType.DOUBLE:
            return self._number(text)
        if self.type is SettingType.LIST:
            return tuple(part.strip() for part in text.split(",")) if text else ()
        return text

    def _number(self, text: str) -> int | float:
        try:
            if self.type is SettingType.DOUBLE:
                return float(text)
            number = int(text)
        except ValueError:
            raise self._invalid(text, f"Not a number of type {self.type.name}") from None
        smallest, largest = _BOUNDS[self.type]
        if not smallest <= number <= largest:
            raise self._invalid(text, f"Not a number of type {self.type.name}")
        return number

    def _check(self, value: SettingValue, text: str) -> None:
        if self.at_least is not None and isinstance(value, int | float) and value < self.at_least:
            raise self._invalid(text, f"Value must be at least {self.at_least}")
        words = value if isinstance(value, tuple) else (value,)
        if self.choices and any(word not in self.choices for word in words):
            raise self._invalid(text, f"String must be one of: {', '.join(self.choices)}")

    def _invalid(self, text: str, why: str) -> ConfigError:
        return ConfigError(f"Invalid value {text} for configuration {self.name}: {why}")

    def render(self, value: SettingValue) -> str | None:
        """The text Kafka's DescribeConfigs shows for a typed value."""
        if value is None:
            return None
        if isinstance(value, bool):
            return "true" if value else "false"
        return ",".join(value) if isinstance(value, tuple) else str(value)


def _declare(setting: Setting, default: T) -> T:
    return field(default=default, metadata={"setting": setting})


def boolean(default: bool, doc: str, *, supported: bool = True) -> bool:
    """Declare a setting that is true or false."""
    return _declare(Setting("", SettingType.BOOLEAN, default, doc, supported=supported), default)


def integer(default: int, doc: str, *, at_least: int | None = None, supported: bool = True) -> int:
    """Declare a 32-bit number."""
    return _declare(Setting("", SettingType.INT, default, doc, at_least, supported=supported), default)


def short(default: int, doc: str, *, at_least: int | None = None, supported: bool = True) -> int:
    """Declare a 16-bit number."""
    return _declare(Setting("", SettingType.SHORT, default, doc, at_least, supported=supported), default)


def long(default: int, doc: str, *, at_least: int | None = None, supported: bool = True) -> int:
    """Declare a 64-bit number."""
    return _declare(Setting("", SettingType.LONG, default, doc, at_least, supported=supported), default)


def double(default: float, doc: str, *, at_least: float | None = None, supported: bool = True) -> float:
    """Declare a fraction."""
    return _declare(Setting("", SettingType.DOUBLE, default, doc, at_least, supported=supported), default)


def string(default: str, doc: str, *, choices: tuple[str, ...] = (), supported: bool = True) -> str:
    """Declare a word, one of `choices` if any are given."""
    return _declare(
        Setting("", SettingType.STRING, default, doc, choices=choices, supported=supported), default
    )


def optional_string(doc: str, *, choices: tuple[str, ...] = (), supported: bool = True) -> str | None:
    """Declare a word that is unset by default, one of `choices` if any are given."""
    return _declare(Setting("", SettingType.STRING, None, doc, choices=choices, supported=supported), None)


def words(
    default: tuple[str, ...], doc: str, *, choices: tuple[str, ...] = (), supported: bool = True
) -> tuple[str, ...]:
    """Declare a comma-separated list."""
    return _declare(
        Setting("", SettingType.LIST, default, doc, choices=choices, supported=supported), default
    )


def settings_of(declared_in: type) -> Mapping[str, Setting]:
    """The settings a class declares, by dotted name, in order of declaration."""
    table = {}
    for declared in fields(declared_in):
        if "setting" in declared.metadata:
            name = declared.name.replace("_", ".")
            table[name] = replace(cast("Setting", declared.metadata["setting"]), name=name)
    return MappingProxyType(table)


def attribute_of(name: str) -> str:
    """The field that holds the setting of this dotted name."""
    return name.replace(".", "_")
