"""What every generated message class is: a slotted value with equality and a readable form.

A class holds the fields of *all* versions of its struct, each with Kafka's default, by position in the order of Kafka's
definition or by name. Which of them travel is decided by the version given to the codec; setting a field that the
version lacks is an `EncodeError`, unless Kafka declares the field ignorable. Decoded messages are to be treated as
read-only.
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

    __hash__ = None  # type: ignore[assignment]

    API_KEY: ClassVar[int] = -1
    """API key, or record type; -1 for what has none."""
    KIND: ClassVar[str] = "struct"
    """Kafka's word for the definition: request, response, coordinator-key ...; `struct` for one inside."""

    VALID_VERSIONS: ClassVar[range] = range(0)
    """Versions of the schema, of a whole message; a struct inside has its message's."""
    FLEXIBLE_FROM: ClassVar[int | None] = None
    """First version with compact lengths and tagged fields; None where no version has them."""
    LATEST_UNSTABLE: ClassVar[bool] = False
    """Whether Kafka calls the highest version unstable; such a version is never advertised."""

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
