"""The listener variables of the Apache and Confluent images, as testcontainers sets them.

    KAFKA_LISTENERS=PLAINTEXT://0.0.0.0:9093,BROKER://0.0.0.0:9092,CONTROLLER://0.0.0.0:9094
    KAFKA_ADVERTISED_LISTENERS=PLAINTEXT://localhost:32768,BROKER://1a2b3c:9092

Clients come on one of them in the first place: neither the one for brokers nor the controllers'. Our brokers and
controller have listeners of their own, which nobody need configure, so all others, the one for brokers too, are further
ones for clients.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from minikafka.errors import ConfigError
from minikafka.runtime.listener import ListenerSpec

LISTENERS: Final = "KAFKA_LISTENERS"
ADVERTISED_LISTENERS: Final = "KAFKA_ADVERTISED_LISTENERS"
BROKERS: Final = "KAFKA_INTER_BROKER_LISTENER_NAME"
CONTROLLERS: Final = "KAFKA_CONTROLLER_LISTENER_NAMES"
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
    others = _words(environment, BROKERS) + _words(environment, CONTROLLERS)
    entries = _entries(environment, variable)
    # A lone listener is everybody's, whatever else it is called.
    theirs = [entry for entry in entries if entry.name not in others] or entries
    return min(theirs, key=lambda entry: entry.name != "PLAINTEXT", default=None)


def further_listeners(
    options: Sequence[str], port: int | None, environment: Mapping[str, str]
) -> tuple[ListenerSpec, ...]:
    """As the options say, else the environment, unless `-p` said where to listen. Of the environment: those that are
    advertised, so that there is something to tell, but for the one of `client_listener`. Raises ConfigError."""
    if options or port is not None:
        return tuple(map(ListenerSpec.parse, options))
    first = client_listener(environment)
    told = {entry.name: entry for entry in _entries(environment, ADVERTISED_LISTENERS)}
    controllers = _words(environment, CONTROLLERS)
    return tuple(
        ListenerSpec(one.name, one.host or EVERYWHERE, one.port, (told[one.name].host, told[one.name].port))
        for one in _entries(environment, LISTENERS)
        if one != first and one.name not in controllers and one.name in told
    )


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


def _words(environment: Mapping[str, str], variable: str) -> list[str]:
    return [word.strip() for word in environment.get(variable, "").split(",") if word.strip()]


def _entries(environment: Mapping[str, str], variable: str) -> list[Listener]:
    return [_entry(text, variable) for text in _words(environment, variable)]


def _entry(text: str, variable: str) -> Listener:
    name, scheme, address = text.partition("://")
    host, colon, port = address.rpartition(":")
    if not scheme or not colon or not port.isdigit():
        raise ConfigError(f"{variable}: {text!r} is not NAME://HOST:PORT")
    return Listener(name, host.strip("[]"), int(port))
