r"""How `consume` prints a record: kcat's format letters and its JSON."""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Callable
from typing import Final, NamedTuple, Self

from minikafka.cli.delimited import delimiter_of
from minikafka.cli.output import Row, bytes_cell
from minikafka.client.reader import ReceivedRecord
from minikafka.errors import ConfigError

NULL: Final = b"NULL"
LETTER: Final = re.compile(rb"%(.)", re.DOTALL)


class Formatter(NamedTuple):
    """text: with `%` letters, escapes already understood. null: how a null is printed."""

    text: bytes
    null: bytes

    @classmethod
    def of(cls, arguments: argparse.Namespace) -> Self:
        """Raises ConfigError for a letter that means nothing."""
        if arguments.format is not None:
            text = delimiter_of(arguments.format)
        else:
            key = b"" if arguments.key_delimiter is None else b"%k" + _literal(arguments.key_delimiter)
            text = key + b"%s" + _literal(arguments.delimiter)
        for letter in LETTER.findall(text + b" "):
            if letter not in LETTERS:
                known = " ".join(f"%{each.decode()}" for each in LETTERS)
                raise ConfigError(f"-f: %{letter.decode('utf-8', 'replace')} is none of {known}")
        return cls(text, NULL if arguments.null else b"")

    def line(self, record: ReceivedRecord) -> bytes:
        """One record."""
        return LETTER.sub(lambda match: LETTERS[match[1]](record, self.null), self.text)


def _literal(text: str) -> bytes:
    return delimiter_of(text).replace(b"%", b"%%")


def _headers(record: ReceivedRecord, null: bytes) -> bytes:
    return b",".join(
        name.encode() + b"=" + (null if value is None else value) for name, value in record.headers
    )


def _length(data: bytes | None) -> bytes:
    return b"-1" if data is None else b"%d" % len(data)


LETTERS: Final[dict[bytes, Callable[[ReceivedRecord, bytes], bytes]]] = {
    b"s": lambda record, null: null if record.value is None else record.value,
    b"k": lambda record, null: null if record.key is None else record.key,
    b"t": lambda record, null: record.partition.topic.encode(),
    b"p": lambda record, null: b"%d" % record.partition.partition,
    b"o": lambda record, null: b"%d" % record.offset,
    b"T": lambda record, null: b"%d" % record.timestamp_ms,
    b"h": _headers,
    b"S": lambda record, null: _length(record.value),
    b"K": lambda record, null: _length(record.key),
    b"%": lambda record, null: b"%",
}


def json_line(record: ReceivedRecord) -> bytes:
    """With kcat's names, so that what reads those reads this."""
    headers = [part for name, value in record.headers for part in (name, _text(value))]
    row: Row = {
        "topic": record.partition.topic,
        "partition": record.partition.partition,
        "offset": record.offset,
        "tstype": "logappend" if record.is_append_time else "create",
        "ts": record.timestamp_ms,
        "broker": record.broker,
        "headers": headers,
        **bytes_cell("key", record.key),
        **bytes_cell("payload", record.value),
    }
    return json.dumps(row, ensure_ascii=False).encode() + b"\n"


def _text(value: bytes | None) -> str | None:
    return None if value is None else value.decode("utf-8", "backslashreplace")
