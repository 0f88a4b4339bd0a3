"""How each client library spells "connect here"."""

from __future__ import annotations

from typing import Final

from minikafka.errors import ConfigError

KEYS: Final = {
    "confluent": "bootstrap.servers",
    "java": "bootstrap.servers",
    "kafka-python": "bootstrap_servers",
    "aiokafka": "bootstrap_servers",
}


def client_config(client: str, bootstrap_servers: str) -> dict[str, str]:
    """Settings to pass to a producer, consumer or admin client of `client`. Raises ConfigError for an unknown one."""
    try:
        key = KEYS[client]
    except KeyError:
        raise ConfigError(f"no client {client!r}; known are {', '.join(sorted(KEYS))}") from None
    return {key: bootstrap_servers}
