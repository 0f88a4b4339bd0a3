"""What every generated message class is: a slotted value with equality and a readable form.

A class holds the fields of *all* versions of its struct, each with Kafka's default. Which of them travel is decided by
the version given to the codec; setting a field that the version lacks is an `EncodeError`, unless Kafka declares the
field ignorable. Decoded messages are to be treated as read-only.
"""

from __future__ import annotations

from enum import Enum
from typing import ClassVar, Final

ZERO_UUID: Final = bytes(16)
"""Kafka's "no id"."""


class Default(Enum):
    """Tells "not given" from None, for fields that may be null but are not null by default."""

    DEFAULT = "default"


DEFAULT: Final = Default.DEFAULT


class Message:
    """Base of the generated classes. Not hashable: messages are mutable."""

    API_KEY: ClassVar[int] = -1
    """API key, or record type; -1 for what has none."""
    KIND: ClassVar[str] = "struct"
    """What Kafka's definition is: request, response, header, coordinator-key, metadata, data ...; or a struct inside."""

    __slots__: tuple[str, ...] = ()

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return all(getattr(self, name) == getattr(other, name) for name in self.__slots__)

    def __repr__(self) -> str:
        fields = ", ".join(f"{name}={_shown(getattr(self, name))}" for name in self.__slots__)
        return f"{type(self).__name__}({fields})"


def _shown(value: object) -> str:
    """Records can be megabytes; their size says enough."""
    if isinstance(value, memoryview):
        return f"<{value.nbytes} bytes>"
    return repr(value)
