"""How each client library spells "connect here"."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from minikafka.errors import ConfigError, nearest

_DOTTED: Final = ("bootstrap.servers", "security.protocol", "PLAINTEXT")
_PYTHONIC: Final = ("bootstrap_servers", "security_protocol", "PLAINTEXT")

CLIENTS: Final[Mapping[str, tuple[str, str, str]]] = MappingProxyType(
    {"confluent": _DOTTED, "java": _DOTTED, "kafka-python": _PYTHONIC, "aiokafka": _PYTHONIC}
)
"""By client: what it calls the addresses, what it calls the protocol, and the one of our listeners."""


def client_config(client: str, bootstrap_servers: str) -> dict[str, str]:
    """Settings to pass to a producer, consumer or admin client of `client`. Raises ConfigError for an unknown one."""
    if client not in CLIENTS:
        known = ", ".join(sorted(CLIENTS))
        raise ConfigError(f"no client {client!r}{nearest(client, CLIENTS)}; known are {known}")
    servers, protocol, plaintext = CLIENTS[client]
    return {servers: bootstrap_servers, protocol: plaintext}
