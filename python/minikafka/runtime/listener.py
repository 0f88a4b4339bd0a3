"""Further listeners for clients: Kafka's `listeners` and `advertised.listeners`.

Two clients may reach one broker by different addresses: a test on the host and a program in a container, say. So each
listener has an address of its own that is told to those who came on it, and to nobody else.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from minikafka.errors import ConfigError
from minikafka.types import BrokerId

FORM = "NAME://HOST:PORT[,HOST[:PORT]]"
MOST_PORT = 65_535
PORT = re.compile(r"[0-9]{1,5}")


class ListenerSpec(NamedTuple):
    """One, of every broker. port: of broker 1, the next ones have the next ports; 0 is free ports. told: what clients
    are told, (host, port of broker 1 or None for the one it listens on)."""

    name: str
    host: str
    port: int
    told: tuple[str, int | None]

    @classmethod
    def parse(cls, text: str) -> ListenerSpec:
        """`NAME://HOST:PORT[,HOST[:PORT]]`: where it listens, and what clients are told if not that. Raises
        ConfigError."""
        name, scheme, addresses = text.partition("://")
        listens, comma, tells = addresses.partition(",")
        host, port = split_address(listens)
        told = split_address(tells) if comma else (host, None)
        if not (name and scheme and host and told[0]) or port is None:
            raise ConfigError(f"listener {text!r} is not {FORM}")
        return cls(name, host, port, told)

    def port_of(self, broker: BrokerId) -> int:
        """Where broker 1 to n listens; 0: anywhere. Raises ConfigError when there is no such port."""
        port = self.port and self.port + broker - 1
        if not 0 <= port <= MOST_PORT:
            raise ConfigError(f"listener {self.name} of broker {broker}: port {port} is none")
        return port

    def advertised(self, broker: BrokerId, port: int) -> tuple[str, int]:
        """What its clients are told of the broker that listens on `port`."""
        host, first = self.told
        return host, port if first is None else first + broker - 1


def split_address(text: str) -> tuple[str, int | None]:
    """`HOST` or `HOST:PORT`; an IPv6 address in brackets. A port that is no number counts as part of no address."""
    host, colon, port = text.rpartition(":")
    if not colon or text.endswith("]"):
        return text.strip("[]"), None
    return (host.strip("[]"), int(port)) if PORT.fullmatch(port) else ("", None)
