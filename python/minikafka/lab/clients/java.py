"""The lab's applications on Apache Kafka's own client: the sources in `java/`, compiled against the user's jars.

We bring no jar: kafka-clients, and what it needs, is where MINIKAFKA_JAVA_CLASSPATH says, as in `/opt/kafka/libs/*`.
Without that, or without a JDK, what asks for Java is skipped, by name. A process compiles once per class path, into a
folder that goes with it.
"""

from __future__ import annotations

import atexit
import os
import shutil
import subprocess
import threading
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Final

from minikafka.errors import ConfigError

CLASSPATH: Final = "MINIKAFKA_JAVA_CLASSPATH"
SOURCES: Final = Path(__file__).with_name("java")
QUICK_START: Final = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xshare:auto", "-Xmx256m")
"""These programs live for a second."""
OWN_WORDS: Final = ("-Xlog:disable", "-Xlog:all=warning:stderr")
"""What the machine itself has to say would else be on stdout, between operations."""
SILENT: Final = "-Dorg.slf4j.simpleLogger.defaultLogLevel=off"
"""Errors are expected here, and told in the history."""
TOLD: Final = 500
"""Characters of what a compiler says."""
_ONE_AT_A_TIME: Final = threading.Lock()


def java_absence() -> str:
    """Why no Java program can be run here; empty if one can."""
    missing = [command for command in ("java", "javac") if shutil.which(command) is None]
    if missing:
        return f"the Java client needs a JDK: {' and '.join(missing)} not on PATH"
    if not os.environ.get(CLASSPATH):
        return f"the Java client needs kafka-clients: {CLASSPATH}='DIR/*' says where its jars are"
    return ""


def java_command(options: Mapping[str, object]) -> list[str]:
    """What runs `java/LabApp.java`, told these options. Raises ConfigError when it cannot be compiled."""
    classpath = os.environ[CLASSPATH]
    with _ONE_AT_A_TIME:
        folder = _compiled(classpath)
    return [
        "java",
        *QUICK_START,
        *OWN_WORDS,
        SILENT,
        "-cp",
        f"{folder}{os.pathsep}{classpath}",
        "LabApp",
        *arguments(options),
    ]


def arguments(options: Mapping[str, object]) -> list[str]:
    """As NAME=VALUE; a mapping gives one NAME.KEY=VALUE each, a list its values with commas between."""
    words: list[str] = []
    for name, value in options.items():
        if isinstance(value, Mapping):
            words += arguments({f"{name}.{key}": one for key, one in value.items()})
        elif isinstance(value, list):
            words.append(f"{name}={','.join(map(str, value))}")
        else:
            words.append(f"{name}={str(value).lower() if isinstance(value, bool) else value}")
    return words


@cache
def _compiled(classpath: str) -> str:
    folder = mkdtemp(prefix="minikafka-lab-java-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    sources = [str(path) for path in sorted(SOURCES.glob("*.java"))]
    done = subprocess.run(
        ["javac", "-d", folder, "-cp", classpath, *sources], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise ConfigError(f"javac with {CLASSPATH}={classpath}: {done.stderr.strip()[:TOLD]}")
    return folder
