"""Where the conformance programs live, and where what is fetched or compiled for them is kept."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CONFORMANCE = ROOT / "conformance"

CACHE = ROOT / ".cache"
JVM_LIBRARIES = CACHE / "jvm" / "lib"
JVM_CLASSES = CACHE / "jvm" / "classes"
GO_PROGRAMS = CACHE / "go"
NODE_PROGRAMS = CACHE / "node"


def jvm_classpath() -> str:
    """The class path of Apache Kafka 4.4.0, its tools and our own Java client."""
    return f"{JVM_CLASSES}:{JVM_LIBRARIES}/*"
