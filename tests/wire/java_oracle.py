"""Apache Kafka's own classes as the judge: starts `Oracle.java`, hands it cases, collects its answers."""

from __future__ import annotations

import os
import shutil
import struct
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import pytest

from tools.kafka_jars import jars

ROOT = Path(__file__).resolve().parents[2]
ARTIFACTS = (
    "kafka-clients",
    "kafka-metadata",
    "kafka-group-coordinator",
    "kafka-transaction-coordinator",
    "kafka-server-common",
)


class Case(NamedTuple):
    """`framing`: p plain, k coordinator key, v version prefix, m metadata record. No data: a new instance."""

    java_class: str
    version: int
    framing: str
    data: bytes | None


def need_java() -> None:
    """Skip by name without a JVM and Maven, unless MINIKAFKA_REQUIRE names java: then fail."""
    missing = [program for program in ("java", "mvn") if shutil.which(program) is None]
    if not missing:
        return
    why = f"the Java oracle needs {' and '.join(missing)} on PATH"
    if "java" in os.environ.get("MINIKAFKA_REQUIRE", "").split(","):
        pytest.fail(why)
    pytest.skip(why)


def ask(cases: Iterable[Case]) -> list[bytes | str]:
    """What Java writes for each case, or why it could not."""
    request = b"".join(_encode(case) for case in cases)
    answer = memoryview(_run([], request))
    answers: list[bytes | str] = []
    position = 0
    while position < len(answer):
        (length,) = struct.unpack_from(">i", answer, position)
        position += 4
        if length < 0:
            (length,) = struct.unpack_from(">H", answer, position)
            answers.append(str(answer[position + 2 : position + 2 + length], "utf-8", "replace"))
            position += 2 + length
        else:
            answers.append(bytes(answer[position : position + length]))
            position += length
    return answers


def ranges() -> dict[int, list[str]]:
    """By API key: lowest and highest stable version, then `request,response` header versions."""
    lines = _run(["ranges"], b"").decode().splitlines()
    return {int(line.split()[0]): line.split()[1:] for line in lines}


def _run(arguments: list[str], request: bytes) -> bytes:
    class_path = os.pathsep.join(str(jar) for jar in jars(*ARTIFACTS))
    source = Path(__file__).with_name("Oracle.java")
    command = ["java", "-XX:TieredStopAtLevel=1", "-cp", class_path, str(source), *arguments]
    return subprocess.run(command, input=request, stdout=subprocess.PIPE, check=True, timeout=120).stdout


def _encode(case: Case) -> bytes:
    name = case.java_class.encode()
    data = b"" if case.data is None else case.data
    length = -1 if case.data is None else len(data)
    head = struct.pack(">hci", case.version, case.framing.encode(), length)
    return struct.pack(">H", len(name)) + name + head + data
