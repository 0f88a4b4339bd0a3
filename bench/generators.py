"""Load generators: real clients as processes, their command lines and how to read what they print."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass

from conformance.paths import GO_PROGRAMS, ROOT, jvm_classpath

JVM = ("java", "-Xms256m", "-Xmx512m", "-XX:+UseSerialGC", "-Dorg.slf4j.simpleLogger.defaultLogLevel=error")
GENERATOR_TIMEOUT_S = 180


class GeneratorFailed(RuntimeError):
    """A load generator ended with an error; the message carries its output."""


@dataclass(frozen=True, slots=True)
class Load:
    """What one run asks of a generator. Generators that count records ignore the duration, and the other way round."""

    bootstrap_servers: str
    topic: str
    record_bytes: int
    records: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Rate:
    """What a generator measured between its first and last record; latencies are None where it times none."""

    records: int
    bytes: int
    seconds: float
    p50_ms: float | None = None
    p99_ms: float | None = None


@dataclass(frozen=True, slots=True)
class Generator:
    name: str
    command: Callable[[Load], list[str]]
    parse: Callable[[str, Load], Rate]


def run(generator: Generator, load: Load) -> tuple[Rate, float]:
    """Run to the end; the rate and the generator's own CPU seconds. Raises GeneratorFailed."""
    with tempfile.TemporaryFile("w+") as output:
        process = subprocess.Popen(generator.command(load), stdout=output, stderr=subprocess.STDOUT, cwd=ROOT)
        # wait4 instead of wait: it tells the CPU time of this very child.
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        printed = output.read()
    if process.returncode != 0:
        raise GeneratorFailed(
            f"{generator.name} on {load.topic}: status {process.returncode}\n{printed[-2000:]}"
        )
    return generator.parse(printed, load), usage.ru_utime + usage.ru_stime


def franz_go(workload: str) -> Generator:
    def command(load: Load) -> list[str]:
        milliseconds = str(int(load.seconds * 1000))
        program = str(GO_PROGRAMS / "franz_go_bench")
        return [
            program,
            *(workload, load.bootstrap_servers, load.topic),
            *(str(load.record_bytes), milliseconds, str(load.records)),
        ]

    return Generator("franz-go", command, read_json)


def confluent(workload: str) -> Generator:
    def command(load: Load) -> list[str]:
        program = [sys.executable, "-m", "bench.confluent_load"]
        numbers = [str(load.record_bytes), str(load.seconds)]
        return [*program, workload, load.bootstrap_servers, load.topic, *numbers]

    return Generator("confluent-kafka", command, read_json)


def read_json(printed: str, _: Load) -> Rate:
    return Rate(**json.loads(printed.splitlines()[-1]))


def java_produce() -> Generator:
    """Apache's ProducerPerformance with the Java client's defaults: idempotent, acks=all, no compression."""

    def command(load: Load) -> list[str]:
        options = {
            "--topic": load.topic,
            "--num-records": str(load.records),
            "--record-size": str(load.record_bytes),
            "--throughput": "-1",
            "--bootstrap-server": load.bootstrap_servers,
        }
        main = "org.apache.kafka.tools.ProducerPerformance"
        return [*JVM, "-cp", jvm_classpath(), main, *(word for option in options.items() for word in option)]

    return Generator("ProducerPerformance", command, read_producer_performance)


def read_producer_performance(printed: str, load: Load) -> Rate:
    """The last line: `N records sent, R records/sec (..), .. ms avg latency, .., P ms 50th, .., P ms 99th, ..`."""
    line = next(line for line in reversed(printed.splitlines()) if "99.9th" in line)
    sent = int(re.findall(r"^(\d+) records sent", line)[0])
    per_second = float(re.findall(r"([\d.]+) records/sec", line)[0])
    p50, p99 = (float(re.findall(rf"([\d.]+) ms {nth}th", line)[0]) for nth in (50, 99))
    return Rate(sent, sent * load.record_bytes, sent / per_second, p50, p99)


def java_consume() -> Generator:
    """Apache's ConsumerPerformance; its fetch time leaves the joining of the group out."""

    def command(load: Load) -> list[str]:
        options = {
            "--topic": load.topic,
            "--num-records": str(load.records),
            "--bootstrap-server": load.bootstrap_servers,
            "--timeout": "30000",
        }
        main = "org.apache.kafka.tools.ConsumerPerformance"
        words = [word for option in options.items() for word in option]
        return [*JVM, "-cp", jvm_classpath(), main, *words, "--hide-header"]

    return Generator("ConsumerPerformance", command, read_consumer_performance)


def read_consumer_performance(printed: str, load: Load) -> Rate:
    """start, end, MB, MB/s, records, records/s, rebalance ms, fetch ms, fetch MB/s, fetch records/s."""
    fields = [field.strip() for field in printed.splitlines()[-1].split(",")]
    received, fetch_seconds = int(fields[4]), float(fields[7]) / 1000
    return Rate(received, received * load.record_bytes, fetch_seconds)
