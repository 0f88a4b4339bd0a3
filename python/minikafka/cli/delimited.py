"""Input cut into records: at a delimiter, as it arrives, so that what was typed does not wait for what was not."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final

from minikafka.errors import ConfigError

ESCAPE: Final = re.compile(rb"\\(x[0-9a-fA-F]{2}|[ntr0\\])")
ESCAPED: Final = {b"n": b"\n", b"t": b"\t", b"r": b"\r", b"0": b"\0", b"\\": b"\\"}
CHUNK_BYTES: Final = 256 * 1024
MAX_RECORD_BYTES: Final = 64 * 1024 * 1024
"""Without a delimiter in sight, input is not collected for ever."""


def delimiter_of(text: str) -> bytes:
    r"""Text as given, with `\n`, `\t`, `\0` and `\xNN` understood. Raises ConfigError for an empty one."""
    data = ESCAPE.sub(_escaped, text.encode())
    if not data:
        raise ConfigError("a delimiter has at least one character")
    return data


def _escaped(match: re.Match[bytes]) -> bytes:
    word = match[1]
    return bytes.fromhex(word[1:].decode()) if word[:1] == b"x" else ESCAPED[word]


def chunks_of_input(source: BinaryIO, ending: bytes) -> Iterator[list[bytes]]:
    """The records that are complete whenever something arrived; at the end what is left. Raises ConfigError."""
    held = b""
    while data := os.read(source.fileno(), CHUNK_BYTES):
        *complete, held = (held + data).split(ending)
        if len(held) > MAX_RECORD_BYTES:
            raise ConfigError(f"{len(held)} bytes of input and no delimiter: use -D, or name the file")
        if complete:
            yield complete
    if held:
        yield [held]


def lines_of_file(name: str, ending: bytes) -> Iterator[list[bytes]]:
    """The same, of a file. Raises ConfigError when it cannot be read."""
    try:
        with Path(name).open("rb") as source:
            yield from chunks_of_input(source, ending)
    except OSError as error:
        raise ConfigError(f"cannot read {name}: {error.strerror}") from None


def file_record(name: str) -> bytes:
    """The whole file. Raises ConfigError when it cannot be read."""
    try:
        return Path(name).read_bytes()
    except OSError as error:
        raise ConfigError(f"cannot read {name}: {error.strerror}") from None
