"""Kafka's jars, by artefact name, from Maven into the tree's own git-ignored cache.

Used at developer time by the protocol generator and by tests that ask Kafka's own classes. Nothing that is built or
installed needs them.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

KAFKA_VERSION = "4.4.0"
CACHE = Path(__file__).resolve().parent.parent / ".cache" / "kafka"
PROTOCOL_ARTIFACTS = (
    "kafka-clients",
    "kafka-metadata",
    "kafka-group-coordinator",
    "kafka-transaction-coordinator",
)
"""The jars that carry message definitions."""


def jars(*artifacts: str, version: str = KAFKA_VERSION, group: str = "org.apache.kafka") -> list[Path]:
    """The jar of each artefact, fetched with `mvn dependency:copy` where the cache lacks it.

    Raises FileNotFoundError when a jar is missing and there is no `mvn`, CalledProcessError when Maven fails.
    """
    return [_jar(group, artifact, version) for artifact in artifacts]


def _jar(group: str, artifact: str, version: str) -> Path:
    jar = CACHE / f"{artifact}-{version}.jar"
    if jar.exists():
        return jar
    if shutil.which("mvn") is None:
        raise FileNotFoundError(f"{jar.name} is not cached and there is no mvn on PATH to fetch it")
    CACHE.mkdir(parents=True, exist_ok=True)
    subprocess.run(
        [
            "mvn", "-q", "-B", "dependency:copy",
            f"-Dartifact={group}:{artifact}:{version}",
            f"-DoutputDirectory={CACHE}",
        ],
        check=True,
        cwd=CACHE,
    )  # fmt: skip
    return jar
