"""Answers made comparable: what must differ between two brokers is replaced by a name, all else stays as it was.

Ids are named in the order in which they are first seen, so two brokers agree when they use ids *in the same places*.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator

from minikafka import _core
from minikafka.wire.message import ZERO_UUID, Message

Flat = dict[str, str]
"""A message by the path of each field."""

IDENTITY = ("name", "topic", "transactional_id", "group_id", "key", "feature", "resource_name", "member_id")
NUMBERS = ("index", "partition_index", "partition", "partition_id", "api_key", "resource_type", "batch_index")
"""Fields that tell the elements of a list apart: the answer's order is not part of the contract."""

DROPPED = {"throttle_time_ms", "finalized_features_epoch"}
NEW_PRODUCER_IDS = range(1_000_000)
"""Ids a fresh broker hands out; scripts use larger ones of their own."""

GENERATED_MEMBER = re.compile(r"-[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$")
AN_HOUR_MS = 3_600_000


class Normalizer:
    """One per broker and script, as it remembers the ids it has seen."""

    def __init__(self, address: str) -> None:
        self._port = int(address.rsplit(":", 1)[1])
        self._ids: dict[bytes | str | int, str] = {}
        self._counts: dict[str, int] = {}

    def flat(self, message: Message) -> Flat:
        """Every field of the answer by path, as text."""
        return dict(self._fields(message, ""))

    def _fields(self, message: Message, path: str) -> Iterator[tuple[str, str]]:
        for name in message.__slots__:
            if name == "error_message" and getattr(message, name) is not None and not _error_code(message):
                yield f"{path}.{name}" if path else name, "<text without an error>"
            elif name not in DROPPED:
                yield from self._value(name, getattr(message, name), f"{path}.{name}" if path else name)

    def _value(self, name: str, value: object, path: str) -> Iterator[tuple[str, str]]:
        if isinstance(value, Message):
            yield from self._fields(value, path)
        elif name == "records" and isinstance(value, bytes | memoryview):
            yield path, self._records(bytes(value))
        elif isinstance(value, list) and value and isinstance(value[0], Message):
            for position, element in enumerate(sorted(value, key=self._order)):
                yield from self._fields(element, f"{path}[{_label(element, position)}]")
        else:
            yield path, self._scalar(name, value)

    def _scalar(self, name: str, value: object) -> str:
        if isinstance(value, bytes):
            return self._bytes(name, value)
        if isinstance(value, str):
            return self._text(name, value)
        if isinstance(value, int) and not isinstance(value, bool):
            return self._number(name, value)
        if isinstance(value, list):
            return repr(sorted(value))
        return repr(value)

    def _bytes(self, name: str, value: bytes) -> str:
        if not name.endswith("topic_id"):
            return repr(value)
        return "no id" if value == ZERO_UUID else self._id("topic id", value)

    def _text(self, name: str, value: str) -> str:
        if name == "cluster_id":
            return "<cluster>"
        if name.endswith("error_message"):
            return "<text>"
        if name in ("host", "client_host") and value:
            return "<host>"
        if GENERATED_MEMBER.search(value):
            return self._id("member", value)
        return repr(value)

    def _number(self, name: str, value: int) -> str:
        if name == "port" and value == self._port:
            return "<port>"
        if "producer_id" in name and value in NEW_PRODUCER_IDS:
            return self._id("producer", value)
        if "time" in name and abs(value - time.time() * 1000) < AN_HOUR_MS:
            return "<now>"
        if name == "session_id" and value:
            return "<session>"
        return str(value)

    def _order(self, element: Message) -> tuple[str, int]:
        """Elements in an order of their own: by what names them, generated ids as they were met."""
        text, number = _identity(element)
        return (self._text("", text) if text in self._ids else text, number)

    def _id(self, kind: str, value: bytes | str | int) -> str:
        if value not in self._ids:
            self._counts[kind] = self._counts.get(kind, 0) + 1
            self._ids[value] = f"<{kind} {self._counts[kind]}>"
        return self._ids[value]

    def _records(self, data: bytes) -> str:
        """Batch by batch what a consumer would see, and what of the header a leader decides."""
        shown = []
        data = _whole_batches(data)
        for header in _core.inspect_batches(data):
            fields = (
                f"offsets {header.base_offset}..{header.last_offset} epoch {header.partition_leader_epoch}",
                f"attributes {header.attributes} max timestamp {self._number('time', header.max_timestamp)}",
                f"producer {self._number('producer_id', header.producer_id)} {header.producer_epoch}",
                f"sequence {header.base_sequence}",
            )
            shown.append(" ".join(fields))
        shown += [
            f"{record.offset}: {self._number('time', record.timestamp)} {record.key!r} {record.value!r}"
            for record in _core.read_records(data)
        ]
        return " | ".join(shown)


def _whole_batches(data: bytes) -> bytes:
    """Without a last batch that was cut: where it is cut is no part of the contract (F3)."""
    end = 0
    while end + 12 <= len(data):
        size = 12 + int.from_bytes(data[end + 8 : end + 12], "big")
        if end + size > len(data):
            break
        end += size
    return data[:end]


def _error_code(message: Message) -> int:
    """The message's own error code."""
    code = getattr(message, "error_code", 0)
    return code if isinstance(code, int) else 0


def _identity(element: Message) -> tuple[str, int]:
    text = next((value for name in IDENTITY if (value := getattr(element, name, None))), "")
    number = next((value for name in NUMBERS if (value := getattr(element, name, None)) is not None), -1)
    return (text if isinstance(text, str) else "", number if isinstance(number, int) else -1)


def _label(element: Message, position: int) -> str:
    text, number = _identity(element)
    parts = [text if text and not GENERATED_MEMBER.search(text) else "", str(number) if number >= 0 else ""]
    return " ".join(part for part in parts if part) or f"#{position}"
