"""Ports that stay ours while nobody listens on them.

A broker that is killed and started again must come back at the same address, and no other program may take it
meanwhile. So each address is held by a socket that is bound but never listens: connecting is refused, as it should be,
the system gives the port to nobody, and the node's listener, which comes and goes, binds beside it.
"""

from __future__ import annotations

import socket
import sys
from typing import Final

from minikafka.errors import ConfigError

BACKLOG: Final = 1024
INTERNAL_HOST: Final = "127.0.0.1"
"""Where nodes of one machine listen for each other."""


class Port:
    """One address, held from construction to `release`."""

    def __init__(self, host: str, port: int = 0) -> None:
        """`port` 0: the system chooses. Raises ConfigError when the address cannot be had."""
        try:
            self._family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
            self._holder = self._bound(host, port)
            self.host = host
            self.port: int = self._holder.getsockname()[1]
            try:
                # A program that listens there already only shows when we try to listen ourselves.
                self.listen().close()
            except OSError:
                self._holder.close()
                raise
        except OSError as error:
            raise ConfigError(f"cannot listen on {host}:{port}: {error.strerror or error}") from error

    def listen(self) -> socket.socket:
        """A listening socket at this address."""
        listener = self._bound(self.host, self.port)
        try:
            listener.listen(BACKLOG)
        except OSError:
            listener.close()
            raise
        return listener

    def descriptor(self) -> int:
        return self._holder.fileno()

    def release(self) -> None:
        self._holder.close()

    def _bound(self, host: str, port: int) -> socket.socket:
        sock = socket.socket(self._family, socket.SOCK_STREAM)
        try:
            # Linux lets two sockets of one user share an address as long as none listens when the other binds.
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if sys.platform == "darwin":
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            sock.bind((host, port))
        except OSError:
            sock.close()
            raise
        sock.setblocking(False)
        return sock
