"""What the clients are run against: a cluster of real broker processes behind one small protocol."""

from __future__ import annotations

import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Protocol, TypeVar


class Target(Protocol):
    """A running cluster; brokers are numbered from 1. All processes are gone after `stop`."""

    name: str

    @property
    def bootstrap_servers(self) -> str: ...

    @property
    def pids(self) -> Sequence[int]:
        """The broker processes alive now, for CPU and memory figures."""
        ...

    def open(self) -> None:
        """Start every broker and return once the cluster takes requests; raises NeverHappened if it does not."""
        ...

    def kill(self, broker: int) -> None:
        """SIGKILL one broker."""
        ...

    def start(self, broker: int) -> None:
        """Start a killed broker again on its own port and data, and wait until it takes requests."""
        ...

    def stop(self) -> None:
        """End every process this target started."""
        ...


AnyTarget = TypeVar("AnyTarget", bound=Target)


@contextmanager
def running(target: AnyTarget) -> Iterator[AnyTarget]:
    """Open a target, and stop it whatever happens."""
    try:
        target.open()
        yield target
    finally:
        target.stop()


def free_ports(count: int) -> list[int]:
    """Loopback ports that were free a moment ago, all different."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [int(each.getsockname()[1]) for each in sockets]
    finally:
        for each in sockets:
            each.close()
