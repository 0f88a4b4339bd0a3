"""A cluster in the foreground of a process of its own: from arguments to ready, to a clean stop."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Protocol

from minikafka.errors import MinikafkaError
from minikafka.runtime.control.port import HostedNode
from minikafka.runtime.spec import ClusterSpec
from minikafka.runtime.supervisor import Supervisor
from minikafka.runtime.tuning import calm_collector, raise_file_limit


@asynccontextmanager
async def running(spec: ClusterSpec) -> AsyncIterator[Supervisor]:
    """A cluster that is ready, stopped cleanly at the end. Warns on stderr of settings without effect."""
    for name in spec.resolved().unimplemented:
        sys.stderr.write(f"minikafka: setting {name} is known but has no effect here\n")
    raise_file_limit()
    supervisor = Supervisor(asyncio.get_running_loop(), spec)
    try:
        await supervisor.start()
        calm_collector()
        yield supervisor
    finally:
        await supervisor.close()


def ready_event(supervisor: Supervisor) -> dict[str, object]:
    """What a program that started us wants to know."""
    addresses = {broker: supervisor.client_address(broker) for broker in supervisor.brokers}
    return {
        "event": "ready",
        "bootstrap_servers": supervisor.bootstrap_servers,
        "brokers": [
            {"id": broker, "host": host, "port": port, "pid": os.getpid()}
            for broker, (host, port) in addresses.items()
        ],
        "data_dir": str(supervisor.directory.path),
    }


def ready_line(supervisor: Supervisor) -> str:
    """What a person, or a script, wants to know."""
    return f"minikafka ready bootstrap.servers={supervisor.bootstrap_servers}"


def announce(event: Mapping[str, object], line: str, *, as_json: bool, ready_file: str | None) -> None:
    """Exactly one line on stdout, flushed; and the ready file, complete from the moment it exists."""
    text = json.dumps(event)
    if ready_file is not None:
        fresh = Path(f"{ready_file}.{os.getpid()}.tmp")
        fresh.write_text(text + "\n", encoding="utf-8")
        fresh.rename(ready_file)
    sys.stdout.write((text if as_json else line) + "\n")
    sys.stdout.flush()


class StopSignals:
    """SIGINT and SIGTERM: the first asks for a clean stop, the second kills as if nobody listened."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.asked = asyncio.Event()
        self._loop = loop
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self._caught)

    def _caught(self) -> None:
        self.asked.set()
        for number in (signal.SIGINT, signal.SIGTERM):
            self._loop.remove_signal_handler(number)
            signal.signal(number, signal.SIG_DFL)


class Running(Protocol):
    """Nodes in the foreground."""

    @property
    def halted(self) -> Sequence[HostedNode]: ...
    @property
    def watchers(self) -> list[Callable[[], None]]: ...


async def until_halted_or(nodes: Running, stop: asyncio.Event) -> None:
    """Return when asked to stop. Raises MinikafkaError when a node breaks first."""

    def look() -> None:
        if nodes.halted:
            stop.set()

    nodes.watchers.append(look)
    look()
    await stop.wait()
    nodes.watchers.remove(look)
    for node in nodes.halted:
        raise MinikafkaError(f"node {node.node_id} halted: {node.halted.why if node.halted else ''}")
