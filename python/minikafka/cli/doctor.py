"""Check what minikafka needs, and what it can find: build, limits, ports, disk, clients, other brokers' variables.

The last check starts a broker and sends one record through it. Status 1 when something needed is missing.

Examples:
  minikafka doctor
  minikafka doctor -n 3 -p 9092 -J
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import socket
import sys
import sysconfig
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from importlib import metadata
from pathlib import Path
from typing import Final, NamedTuple

from minikafka import __version__
from minikafka.cli.main import FALSE
from minikafka.cli.options import DEFAULT_PORT
from minikafka.cli.output import Row, add_json_option, show

OK, NOTE, BAD = "ok", "note", "bad"
OLDEST_PYTHON: Final = (3, 11)
FEW_FILES: Final = 1024
"""Each partition replica keeps up to four files open."""
SLOW_SYNC_MS: Final = 20.0
SYNCS: Final = 5
CLIENTS: Final = ("confluent-kafka", "kafka-python", "aiokafka")
TOOLCHAINS: Final = ("java", "mvn", "go", "node", "npm")


class Finding(NamedTuple):
    """state: ok; note, for what may surprise; bad, for what will not work."""

    state: str
    detail: str


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("-n", "--brokers", type=int, default=1, metavar="N", help="for so many brokers (1)")
    parser.add_argument(
        "-p",
        "--port",
        type=int,
        default=DEFAULT_PORT,
        metavar="P",
        help=f"from this port on ({DEFAULT_PORT})",
    )
    add_json_option(parser)


def run(arguments: argparse.Namespace) -> int:
    rows = list(_rows(arguments))
    show(rows, as_json=arguments.json)
    return FALSE if any(row["state"] == BAD for row in rows) else 0


def _rows(arguments: argparse.Namespace) -> Iterator[Row]:
    checks: dict[str, Callable[[], Finding]] = {
        "python": _python,
        "build": _build,
        "open files": _open_files,
        "ports": lambda: ports(arguments.port, arguments.brokers),
        "temporary directory": _disk,
        "environment": lambda: environment(os.environ),
        "client libraries": _clients,
        "toolchains": _toolchains,
        "a record through a broker": _round_trip,
    }
    for name, check in checks.items():
        try:
            found = check()
        except Exception as error:  # noqa: BLE001 - whatever goes wrong is what is being looked for
            found = Finding(BAD, f"{type(error).__name__}: {error}")
        yield {"check": name, "state": found.state, "detail": found.detail}


def _python() -> Finding:
    name = f"{sys.implementation.name} {sys.version.split()[0]} at {sys.executable}"
    if sys.version_info < OLDEST_PYTHON:
        return Finding(BAD, f"{name}: 3.11 or newer is needed")
    if sysconfig.get_config_var("Py_GIL_DISABLED"):
        return Finding(BAD, f"{name}: free-threaded builds are not supported")
    return Finding(OK, name)


def _build() -> Finding:
    from minikafka import _core
    from minikafka.log.batch import crc32c

    # The check value of CRC-32C.
    if crc32c(b"123456789") != 0xE3069283:
        return Finding(BAD, f"{_core.__file__} computes wrong checksums: build it again")
    return Finding(OK, f"minikafka {__version__}, {_core.__file__}")


def _open_files() -> Finding:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    limits = f"{soft}, raised to {hard} while brokers run"
    return Finding(OK if hard > FEW_FILES else NOTE, limits if hard > soft else f"{soft}")


def ports(first: int, count: int) -> Finding:
    """Whether `serve` could listen there now."""
    taken = []
    for port in range(first, first + count):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError as error:
                taken.append(f"{port}: {error.strerror}")
    if taken:
        return Finding(NOTE, f"{', '.join(taken)}; use -p P, or -p 0 for free ones")
    return Finding(OK, f"{first}" if count == 1 else f"{first} to {first + count - 1}")


def _disk() -> Finding:
    with tempfile.TemporaryDirectory(prefix="minikafka-") as name, (Path(name) / "probe").open("wb") as file:
        start = time.perf_counter()
        for _ in range(SYNCS):
            file.write(b"x" * 4096)
            file.flush()
            os.fsync(file.fileno())
        cost_ms = (time.perf_counter() - start) * 1000 / SYNCS
        free = shutil.disk_usage(name).free // 2**20
    return Finding(
        OK if cost_ms < SLOW_SYNC_MS else NOTE,
        f"{Path(name).parent}: {free:,} MiB free, {cost_ms:.1f} ms per fsync (--durability fsync waits for those)",
    )


def environment(variables: Mapping[str, str]) -> Finding:
    """Variables that change what `serve` and `run` do, which a shell may hold from other work."""
    from minikafka.config import broker_settings_table, environment_layer

    layer = environment_layer(variables)
    known = sorted(name for name in layer.values if name in broker_settings_table())
    if known:
        return Finding(
            NOTE, f"KAFKA_* variables set {', '.join(known)}; `minikafka config` shows all in force"
        )
    return Finding(OK, "no KAFKA_* variable sets anything")


def _clients() -> Finding:
    found = []
    for name in CLIENTS:
        try:
            found.append(f"{name} {metadata.version(name)}")
        except metadata.PackageNotFoundError:
            continue
    return (
        Finding(OK, ", ".join(found))
        if found
        else Finding(NOTE, "none: the verbs here need none, your tests do")
    )


def _toolchains() -> Finding:
    found = [name for name in TOOLCHAINS if shutil.which(name)]
    return Finding(OK, ", ".join(found) or "none; only this project's own tests use them")


def _round_trip() -> Finding:
    from minikafka.client.client import Client
    from minikafka.client.producer import OutgoingRecord, Producer
    from minikafka.client.settings import ClientSettings
    from minikafka.testing.cluster import Cluster
    from minikafka.types import TopicPartition

    start = time.perf_counter()
    with Cluster(topics=["doctor:1"]) as kafka:
        ready = time.perf_counter()
        client = Client(ClientSettings.of(kafka.bootstrap_servers, {}))
        Producer(client).send(TopicPartition("doctor", 0), [OutgoingRecord(0, None, b"well")])
        client.close()
        end = time.perf_counter()
    return Finding(
        OK, f"ready after {(ready - start) * 1000:.0f} ms, acknowledged {(end - ready) * 1000:.0f} ms later"
    )
