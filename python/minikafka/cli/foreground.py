"""A cluster in the foreground of a process of its own: from arguments to ready, to a clean stop."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, closing
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Protocol

from minikafka.admin.scope import Whole
from minikafka.admin.server import AdminServer
from minikafka.cli.trace_file import trace_file
from minikafka.errors import MinikafkaError
from minikafka.ledger.ledger import Ledger
from minikafka.runtime.control.port import HostedNode
from minikafka.runtime.spec import ClusterSpec
from minikafka.runtime.supervisor import Supervisor
from minikafka.runtime.tuning import calm_collector, raise_file_limit
from minikafka.testing.verdicts import verdict


@asynccontextmanager
async def running(
    spec: ClusterSpec, admin: AdminServer | None, trace: Path | None = None
) -> AsyncIterator[Supervisor]:
    """A cluster that is ready, stopped cleanly at the end. Warns on stderr of settings without effect.

    admin: serves while the cluster starts already, so that whoever watches can see how far it is. trace: a file for
    everything that happens, from the start; a ledger is then kept as well, so that a verdict can be given.
    """
    async with AsyncExitStack() as ended:
        if admin is not None:
            ended.push_async_callback(admin.close)
        spec.check()
        file = ended.enter_context(trace_file(trace))
        for name in spec.resolved().unimplemented:
            sys.stderr.write(f"minikafka: setting {name} is known but has no effect here\n")
        raise_file_limit()
        # Whoever steers it may cut the power too, if the disk remembers what was synced.
        spec = replace(spec, faults=admin is not None, trace=file is not None)
        supervisor = Supervisor(asyncio.get_running_loop(), spec)
        ended.push_async_callback(supervisor.close)
        judge = None
        if file is not None:
            file.listen(supervisor.hosting.history)
            ledger = ended.enter_context(closing(Ledger(supervisor.hosting.history)))
            judge = partial(verdict, supervisor, ledger)
        if admin is not None:
            await admin.start(Whole(supervisor, judge))
            # Before the cluster is: nobody is to look at one that closes.
            ended.push_async_callback(admin.close)
        await supervisor.start()
        calm_collector()
        yield supervisor


def ready_event(supervisor: Supervisor, admin: AdminServer | None) -> dict[str, object]:
    """What a program that started us wants to know."""
    addresses = {broker: supervisor.client_address(broker) for broker in supervisor.brokers}
    return {
        "event": "ready",
        "bootstrap_servers": supervisor.bootstrap_servers,
        **admin_part(admin),
        "brokers": [
            {"id": broker, "host": host, "port": port, "pid": os.getpid()}
            | listeners_part(
                {one.name: supervisor.client_address(broker, one.name) for one in supervisor.spec.listeners}
            )
            for broker, (host, port) in addresses.items()
        ],
        "data_dir": str(supervisor.directory.path),
    }


def ready_line(bootstrap_servers: str, admin: AdminServer | None) -> str:
    """What a person, or a script, wants to know."""
    line = f"minikafka ready bootstrap.servers={bootstrap_servers}"
    return line if admin is None else f"{line} admin={admin.url}"


def admin_part(admin: AdminServer | None) -> dict[str, object]:
    """What the readiness JSON says of the admin."""
    return {} if admin is None else {"admin_url": admin.url}


def listeners_part(told: Mapping[str, tuple[str, int]]) -> dict[str, object]:
    """What it says of a broker's further listeners."""
    return {"listeners": {name: f"{host}:{port}" for name, (host, port) in told.items()}} if told else {}


def announce(
    event: Mapping[str, object],
    line: str,
    *,
    as_json: bool,
    ready_file: str | None,
    ready_text: str | None = None,
) -> None:
    """Exactly one line on stdout, flushed; the ready file, complete once it exists; `ready_text` on stderr."""
    text = json.dumps(event)
    if ready_file is not None:
        fresh = Path(f"{ready_file}.{os.getpid()}.tmp")
        fresh.write_text(text + "\n", encoding="utf-8")
        fresh.rename(ready_file)
    sys.stdout.write((text if as_json else line) + "\n")
    sys.stdout.flush()
    if ready_text is not None:
        sys.stderr.write(ready_text + "\n")
        sys.stderr.flush()


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
