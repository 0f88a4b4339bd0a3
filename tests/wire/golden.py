"""Golden frames: what Apache Kafka's classes wrote, kept for machines without a JVM.

    python -m tests.wire.golden     # asks Java and rewrites golden.txt

One frame per message and version: name, version, bytes in base64. The value behind each frame is
`random_value(message, version, SEED)`, so that a test can tell what the bytes must mean.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path

from minikafka.wire import codec

from tests.wire import java_oracle
from tests.wire.random_values import random_value
from tests.wire.schema_table import Message, read_table

GOLDEN = Path(__file__).with_name("golden.txt")
SEED = "golden"


def read_golden() -> dict[tuple[str, int], bytes]:
    """Frame by message name and version."""
    rows = (line.split(" ") for line in GOLDEN.read_text().splitlines())
    return {(name, int(version)): base64.b64decode(data) for name, version, data in rows}


def cases() -> Iterator[tuple[Message, int]]:
    """Every message and version of the schema table."""
    for message in read_table():
        for version in message.versions:
            yield message, version


def main() -> None:
    """Rewrite the file with Java's bytes. Raises AssertionError where Java refuses a frame."""
    questions = [
        java_oracle.Case(
            message.java_class,
            version,
            "p",
            codec.encode_message(random_value(message, version, SEED), version),
        )
        for message, version in cases()
    ]
    lines = []
    for (message, version), answer in zip(cases(), java_oracle.ask(questions), strict=True):
        assert isinstance(answer, bytes), f"{message.name} v{version}: {answer}"
        lines.append(f"{message.name} {version} {base64.b64encode(answer).decode()}\n")
    GOLDEN.write_text("".join(lines))


if __name__ == "__main__":
    main()
