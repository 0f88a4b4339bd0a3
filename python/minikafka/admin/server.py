"""The listening side of the admin: a port, and the connections on it."""

from __future__ import annotations

import asyncio
from typing import Final

from minikafka.admin.application import Application
from minikafka.admin.connection import READ_BYTES, HttpConnection
from minikafka.admin.guards import Guard
from minikafka.admin.problem import Problem
from minikafka.admin.scope import Scope
from minikafka.runtime.ports import Port

LOOPBACK: Final = "127.0.0.1"
CONNECTIONS: Final = 100
"""Served at once; further ones are told so and closed."""


class AdminServer:
    """Holds its port from construction to `close`. Everything but the constructor runs on the brokers' loop."""

    def __init__(self, host: str = LOOPBACK, port: int = 0, token: str | None = None) -> None:
        """`port` 0: the system chooses. Raises ConfigError: the address cannot be had, or needs a token."""
        self._guard = Guard(host, token)
        self._port = Port(host, port)
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._writers: set[asyncio.StreamWriter] = set()
        self._application: Application | None = None

    @property
    def url(self) -> str:
        host = self._port.host
        return f"http://{f'[{host}]' if ':' in host else host}:{self._port.port}"

    async def start(self, scope: Scope) -> None:
        """Answer for `scope` from now on."""
        loop = asyncio.get_running_loop()

        def failed(error: Exception) -> None:
            loop.call_exception_handler({"message": "an admin request failed", "exception": error})

        self._application = Application(scope, self._guard, failed)
        self._server = await asyncio.start_server(self._accepted, sock=self._port.listen(), limit=READ_BYTES)

    async def _accepted(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        assert self._application is not None
        connection = HttpConnection(reader, writer, self._application)
        is_full = len(self._tasks) >= CONNECTIONS
        self._tasks.add(task)
        self._writers.add(writer)
        try:
            if is_full:
                await connection.refuse(Problem(503, f"{CONNECTIONS} connections are open already"))
            else:
                await connection.run()
        except asyncio.CancelledError:
            # The server closes. Not raised on: asyncio would report a handler that was cancelled as a failure.
            writer.transport.abort()
        finally:
            self._tasks.discard(task)
            self._writers.discard(writer)

    async def close(self) -> None:
        """End every connection, whatever it waits for, and give the port back."""
        if self._server is not None:
            self._server.close()
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._port.release()
        # What they hold, down to the brokers' files, is let go now and not when the collector comes by.
        self._server = self._application = None

    def descriptors(self) -> list[int]:
        """Of every socket it has."""
        listening = [] if self._server is None else [one.fileno() for one in self._server.sockets]
        served = [writer.get_extra_info("socket").fileno() for writer in self._writers]
        return [self._port.descriptor(), *listening, *(number for number in served if number >= 0)]
