"""The codec against Apache Kafka's own classes: every message at every version, byte for byte, both ways."""

from __future__ import annotations

import subprocess
import sys

import pytest
from minikafka.wire import codec
from minikafka.wire.message import Message as Value

from tests.wire import java_oracle
from tests.wire.java_oracle import Case
from tests.wire.random_values import random_value
from tests.wire.schema_table import Message, read_table

FRAMES_PER_VERSION = 8
FRAMING = {"coordinator-key": "k", "coordinator-value": "v", "metadata": "m"}


@pytest.fixture(scope="module", autouse=True)
def _java() -> None:
    java_oracle.need_java()


def framed(message: Message, value: Value, version: int) -> bytes:
    """The value as this kind of message travels or is stored."""
    if message.kind.startswith("coordinator"):
        return codec.encode_record(value, version)
    if message.kind == "metadata":
        return codec.encode_metadata_record(value, version)
    return codec.encode_message(value, version)


def test_random_messages_are_byte_identical_with_java() -> None:
    """Java reads what we write and writes the same bytes; we read Java's bytes as the value we began with."""
    cases, values = [], []
    for message in read_table():
        for version in message.versions:
            for number in range(FRAMES_PER_VERSION):
                value = random_value(message, version, f"{message.name} {version} {number}")
                data = codec.encode_message(value, version)
                cases.append(Case(message.java_class, version, FRAMING.get(message.kind, "p"), data))
                values.append((message, version, value))
    assert len(cases) >= 5000
    answers = java_oracle.ask(cases)
    assert len(answers) == len(cases)
    for (message, version, value), case, answer in zip(values, cases, answers, strict=True):
        where = f"{message.name} v{version}: {value}"
        assert framed(message, value, version) == answer, where
        assert codec.decode_message(type(value), version, case.data or b"") == value, where


def test_new_messages_are_byte_identical_with_java() -> None:
    """A message nobody filled in has Java's defaults, in every version; what Java refuses to write, we refuse."""
    cases, ours = [], []
    for message in read_table():
        for version in message.versions:
            cases.append(Case(message.java_class, version, "p", None))
            value = codec.message_class(message.module, message.name)()
            try:
                ours.append(codec.encode_message(value, version))
            except codec.EncodeError:
                ours.append(b"refused")
    for case, mine, answer in zip(cases, ours, java_oracle.ask(cases), strict=True):
        assert mine == (b"refused" if isinstance(answer, str) else answer), f"{case}: {answer!r}"


def test_versions_and_header_versions_are_javas() -> None:
    """The same stable ranges, and each header at the version that Java uses for that request and response."""
    theirs = java_oracle.ranges()
    flexible = {(message.kind, message.api_key): message.flexible for message in read_table()}
    assert codec.schema_api_keys() == sorted(
        key for key, (low, high, *_) in theirs.items() if int(high) >= int(low)
    )
    for key in codec.schema_api_keys():
        low, high, *headers = theirs[key]
        assert codec.schema_versions(key) == (int(low), int(high))
        for version, header in enumerate(headers, int(low)):
            request = 2 if version in flexible["request", key] else 1
            response = 1 if version in flexible["response", key] and key != 18 else 0
            assert header == f"{request},{response}", f"API key {key} v{version}"


def test_generated_files_are_fresh() -> None:
    """Classes and schema table are what the generator makes of the pinned Kafka version's jars."""
    command = [sys.executable, str(java_oracle.ROOT / "tools" / "gen_protocol.py"), "--check"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
