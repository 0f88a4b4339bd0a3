"""Addresses held while nobody listens on them."""

from __future__ import annotations

import errno
import os
import socket
from pathlib import Path

import pytest
from minikafka.errors import ConfigError
from minikafka.runtime.ports import Port

DESCRIPTORS = Path("/proc/self/fd")


@pytest.mark.skipif(not DESCRIPTORS.is_dir(), reason="no /proc on this system")
def test_a_port_that_cannot_be_listened_on_leaves_nothing_open(monkeypatch: pytest.MonkeyPatch) -> None:
    """One who embeds a cluster may try the next one, and still hold the error of this."""

    def listen(self: socket.socket, backlog: int) -> None:
        raise OSError(errno.EADDRINUSE, os.strerror(errno.EADDRINUSE))

    monkeypatch.setattr(socket.socket, "listen", listen)
    before = len(list(DESCRIPTORS.iterdir()))
    with pytest.raises(ConfigError, match="in use"):
        Port("127.0.0.1")
    assert len(list(DESCRIPTORS.iterdir())) == before
