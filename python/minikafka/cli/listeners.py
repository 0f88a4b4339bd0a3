"""The listener variables of the Apache and Confluent images, as testcontainers sets them.

    KAFKA_LISTENERS=PLAINTEXT://0.0.0.0:9093,BROKER://0.0.0.0:9092,CONTROLLER://0.0.0.0:9094
    KAFKA_ADVERTISED_LISTENERS=PLAINTEXT://localhost:32768,BROKER://1a2b3c:9092

Clients come on one of them: neither the one for brokers nor the controllers'. Our brokers and controller have listeners
of their own, which nobody need configure.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from minikafka.errors import ConfigError

LISTENERS: Final = "KAFKA_LISTENERS"
ADVERTISED_LISTENERS: Final = "KAFKA_ADVERTISED_LISTENERS"
NOT_FOR_CLIENTS: Final = ("KAFKA_INTER_BROKER_LISTENER_NAME", "KAFKA_CONTROLLER_LISTENER_NAMES")
EVERYWHERE: Final = "0.0.0.0"  # noqa: S104 - what an empty host means in a listener
REACHABLE_EVERYWHERE: Final = "localhost"
"""What clients are told when we listen on every address and nobody said which of them is ours: a port that a
container's host publishes under its own number is found there."""


class Listener(NamedTuple):
    """One entry. host may be empty: every address."""

    name: str
    host: str
    port: int


def client_listener(environment: Mapping[str, str], variable: str = LISTENERS) -> Listener | None:
    """The entry that clients use: PLAINTEXT if there is one, else the first that may be theirs; None when the variable
    is not set. Raises ConfigError for an entry that is none."""
    others = {
        name.strip()
        for each in NOT_FOR_CLIENTS
        for name in environment.get(each, "").split(",")
        if name.strip()
    }
    entries = [
        _entry(text.strip(), variable) for text in environment.get(variable, "").split(",") if text.strip()
    ]
    # A lone listener is everybody's, whatever else it is called.
    theirs = [entry for entry in entries if entry.name not in others] or entries
    return min(theirs, key=lambda entry: entry.name != "PLAINTEXT", default=None)


def listening(
    host: str | None, port: int | None, environment: Mapping[str, str], *, default_port: int
) -> tuple[str, int]:
    """Where broker 1 listens: as the options say, else the environment, else loopback."""
    found = client_listener(environment) if port is None else None
    if found is None:
        return host or "127.0.0.1", default_port if port is None else port
    return host or found.host or EVERYWHERE, found.port


def advertised(
    option: str | None, environment: Mapping[str, str], host: str = "127.0.0.1"
) -> tuple[str, int | None] | None:
    """What clients are told, None meaning `host` itself: `--advertise`, else the environment. Raises ConfigError."""
    if option is not None:
        name, colon, port = option.rpartition(":")
        if not colon:
            return option, None
        if not name or not port.isdigit():
            raise ConfigError(f"{option!r} is not HOST[:PORT]")
        return name, int(port)
    found = client_listener(environment, ADVERTISED_LISTENERS)
    if found is not None:
        return found.host or REACHABLE_EVERYWHERE, found.port
    return (REACHABLE_EVERYWHERE, None) if host in {EVERYWHERE, "::"} else None


def _entry(text: str, variable: str) -> Listener:
    name, scheme, address = text.partition("://")
    host, colon, port = address.rpartition(":")
    if not scheme or not colon or not port.isdigit():
        raise ConfigError(f"{variable}: {text!r} is not NAME://HOST:PORT")
    return Listener(name, host.strip("[]"), int(port))
