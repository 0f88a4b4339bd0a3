"""What classic consumers say to each other inside of JoinGroup and SyncGroup, for a broker that must understand (G17).

To the classic protocol a member's metadata and its assignment are opaque (G9): one consumer, the leader, reads them. In
a group that changes protocol the broker takes the leader's place, so it reads what members subscribe to and own, and
writes the assignment they understand. Kafka's ConsumerProtocolSubscription and ConsumerProtocolAssignment:

    subscription  int16 version, topics [string], user data (bytes or null),
                  v1 owned partitions [topic, [int32]], v2 generation, v3 rack (string or null)
    assignment    int16 version, partitions [topic, [int32]], user data (bytes or null)

A later version begins as version 3 does. Nothing larger than the bytes at hand is believed.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

LATEST_VERSION: Final = 3
OWNED_FROM: Final = 1
GENERATION_FROM: Final = 2
RACK_FROM: Final = 3
NULL: Final = -1

Rows = Mapping[str, tuple[int, ...]]
"""Topic name -> partitions."""


class Malformed(ValueError):
    """The bytes are no such message."""


class Subscription(NamedTuple):
    """What one member says of itself. `owned` is empty below version 1: an eager member owns nothing when it joins."""

    version: int
    topics: tuple[str, ...]
    owned: Rows
    rack_id: str | None = None


class Assignment(NamedTuple):
    """What one member was given. `user_data`: a custom assignor's, which nobody else can read."""

    partitions: Rows
    user_data: bytes = b""


def read_subscription(metadata: bytes) -> Subscription:
    """Raises Malformed."""
    reader = _Reader(metadata)
    version = min(reader.version(), LATEST_VERSION)
    topics = tuple(reader.string() for _ in range(reader.count()))
    reader.nullable_bytes()
    owned = reader.rows() if version >= OWNED_FROM else {}
    if version >= GENERATION_FROM:
        reader.integer(">i")
    rack_id = reader.nullable_string() if version >= RACK_FROM else None
    return Subscription(version, topics, owned, rack_id)


def read_assignment(assignment: bytes) -> Assignment:
    """No bytes at all: nothing was assigned. Raises Malformed."""
    if not assignment:
        return Assignment({})
    reader = _Reader(assignment)
    reader.version()
    return Assignment(reader.rows(), reader.nullable_bytes() or b"")


def write_assignment(version: int, partitions: Iterable[tuple[str, Iterable[int]]]) -> bytes:
    """For a member whose subscription came in `version`."""
    rows = [(topic.encode(), list(indexes)) for topic, indexes in partitions]
    parts = [struct.pack(">hi", version, len(rows))]
    for name, indexes in rows:
        parts.append(struct.pack(">h", len(name)) + name)
        parts.append(struct.pack(f">i{len(indexes)}i", len(indexes), *indexes))
    parts.append(struct.pack(">i", NULL))
    return b"".join(parts)


class _Reader:
    """Reads what is there; every length is checked against what is left."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def integer(self, form: str) -> int:
        try:
            (value,) = struct.unpack_from(form, self._data, self._at)
        except struct.error as error:
            raise Malformed("it ends too early") from error
        self._at += struct.calcsize(form)
        assert isinstance(value, int)
        return value

    def version(self) -> int:
        version = self.integer(">h")
        if version < 0:
            raise Malformed(f"version {version}")
        return version

    def count(self) -> int:
        return self._bounded(self.integer(">i"))

    def string(self) -> str:
        return self._text(self._bounded(self.integer(">h")))

    def nullable_string(self) -> str | None:
        length = self.integer(">h")
        return None if length == NULL else self._text(self._bounded(length))

    def nullable_bytes(self) -> bytes | None:
        length = self.integer(">i")
        return None if length == NULL else self._take(self._bounded(length))

    def rows(self) -> dict[str, tuple[int, ...]]:
        rows: dict[str, tuple[int, ...]] = {}
        for _ in range(self.count()):
            topic = self.string()
            rows[topic] = rows.get(topic, ()) + tuple(self.integer(">i") for _ in range(self.count()))
        return rows

    def _text(self, length: int) -> str:
        try:
            return self._take(length).decode()
        except UnicodeDecodeError as error:
            raise Malformed("a name is not UTF-8") from error

    def _take(self, length: int) -> bytes:
        taken = self._data[self._at : self._at + length]
        self._at += length
        return taken

    def _bounded(self, length: int) -> int:
        if not 0 <= length <= len(self._data) - self._at:
            raise Malformed(f"length {length}, and {len(self._data) - self._at} bytes are left")
        return length
