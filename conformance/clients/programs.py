"""Every client program by name: its command line and the toolchain it needs."""

from __future__ import annotations

import sys
from dataclasses import dataclass

from conformance.paths import CONFORMANCE, GO_PROGRAMS, jvm_classpath

PYTHON = "conformance.clients.python"
JVM = (
    "-Xmx128m",
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=error",
)


@dataclass(frozen=True, slots=True)
class Program:
    name: str
    command: tuple[str, ...]
    toolchain: str | None = None
    """What `conformance.build` must have built first; None for what the virtual environment holds."""


PROGRAMS = {
    program.name: program
    for program in (
        Program("confluent-kafka", (sys.executable, "-m", f"{PYTHON}.confluent_client")),
        Program("java", ("java", *JVM, "-cp", jvm_classpath(), "Client"), "java"),
        Program("franz-go", (str(GO_PROGRAMS / "franz_go_client"),), "go"),
        Program("sarama", (str(GO_PROGRAMS / "sarama_client"),), "go"),
        Program("kafkajs", ("node", str(CONFORMANCE / "clients" / "kafkajs" / "main.js")), "node"),
        Program("aiokafka", (sys.executable, "-m", f"{PYTHON}.aiokafka_client")),
        Program("kafka-python", (sys.executable, "-m", f"{PYTHON}.kafka_python_client")),
    )
}
