"""One line of a story block: a verb, words, and `name=value` options.

    produce orders-0 "a b" acks=all        verb produce, words orders-0 and "a b", option acks

Quotes group words, `#` begins a comment. What a verb does not know is refused by name, with what it does know.
"""

from __future__ import annotations

import shlex
from typing import NamedTuple

from minikafka.errors import ConfigError
from minikafka.types import BrokerId, TopicPartition

UNITS_MS = {"ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}


class Command(NamedTuple):
    """A parsed line."""

    verb: str
    words: tuple[str, ...]
    options: dict[str, str]

    @classmethod
    def parse(cls, line: str) -> Command | None:
        """None for a line that holds nothing but a comment. Raises ConfigError."""
        try:
            tokens = shlex.split(line, comments=True)
        except ValueError as error:
            raise ConfigError(f"{line!r}: {error}") from error
        if not tokens:
            return None
        options: dict[str, str] = {}
        words = []
        for token in tokens[1:]:
            name, equals, value = token.partition("=")
            if equals and name.replace(".", "").replace("_", "").replace("-", "").isalnum():
                options[name] = value
            else:
                words.append(token)
        return cls(tokens[0], tuple(words), options)

    def only(self, *names: str) -> None:
        """Raises ConfigError for an option that is not among `names`."""
        for name in self.options:
            if name not in names:
                raise ConfigError(f"{self.verb} knows {', '.join(names) or 'no options'}, not {name}")

    def word(self, index: int, what: str) -> str:
        """Raises ConfigError when it is missing."""
        if index >= len(self.words):
            raise ConfigError(f"{self.verb} wants {what}")
        return self.words[index]

    def broker(self, index: int = 0) -> BrokerId:
        return number(self.word(index, "a broker's number"), "a broker's number")

    def partition(self, index: int = 0) -> TopicPartition:
        return partition(self.word(index, "a partition such as orders-0"))


def number(text: str, what: str) -> int:
    """Raises ConfigError."""
    try:
        return int(text)
    except ValueError:
        raise ConfigError(f"{text!r} is not {what}") from None


def numbers(text: str, what: str) -> list[int]:
    """Of `1,2,3`. Raises ConfigError."""
    return [number(one, what) for one in text.split(",") if one]


def partition(text: str) -> TopicPartition:
    """`orders-1`; `orders` is its partition 0."""
    topic, dash, index = text.rpartition("-")
    return TopicPartition(topic, int(index)) if dash and index.isdigit() else TopicPartition(text, 0)


def duration_ms(text: str) -> int:
    """`10s`, `250ms`. Raises ConfigError."""
    digits = text.rstrip("mshd")
    unit = text[len(digits) :]
    if not digits.isdigit() or unit not in UNITS_MS:
        raise ConfigError(f"{text!r} is no duration such as 250ms, 10s, 5m")
    return int(digits) * UNITS_MS[unit]
