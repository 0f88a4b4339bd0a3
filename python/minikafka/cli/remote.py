"""What the verbs that speak to any Kafka share: its address, its listener's security, a partition by name."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Final

from minikafka.cli.options import pairs
from minikafka.cli.output import add_json_option
from minikafka.client.client import Client
from minikafka.client.settings import ClientSettings
from minikafka.errors import ConfigError
from minikafka.types import TopicPartition

ADDRESS_VARIABLES: Final = ("KAFKA_BOOTSTRAP_SERVERS", "BOOTSTRAP_SERVERS")
DEFAULT_ADDRESS: Final = "127.0.0.1:9092"
PARTITION_FORM: Final = "TOPIC:PARTITION"


def add_remote_options(parser: argparse.ArgumentParser) -> None:
    """`-b`, `-X`, `--json`: what `connected` reads."""
    parser.add_argument(
        "-b",
        "--bootstrap-server",
        "--brokers",
        dest="bootstrap",
        metavar="HOST:PORT,...",
        help=f"any of its brokers (${ADDRESS_VARIABLES[0]}, else {DEFAULT_ADDRESS})",
    )
    parser.add_argument(
        "-X",
        dest="properties",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="a client property: request.timeout.ms, client.id, security.protocol, sasl.*, ssl.*",
    )
    add_json_option(parser)


def remote_actions(parser: argparse.ArgumentParser) -> Callable[[str, str], argparse.ArgumentParser]:
    """For a verb of several actions: what makes the parser of one, from its name and what it is for."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")

    def action(name: str, what: str) -> argparse.ArgumentParser:
        found = actions.add_parser(name, help=what, description=what)
        add_remote_options(found)
        return found

    return action


@contextmanager
def connected(arguments: argparse.Namespace, properties: Mapping[str, str] | None = None) -> Iterator[Client]:
    """A client for the Kafka the arguments name. Raises ConfigError."""
    named = arguments.bootstrap or next(filter(None, map(os.environ.get, ADDRESS_VARIABLES)), DEFAULT_ADDRESS)
    given = client_properties(arguments) if properties is None else properties
    client = Client(ClientSettings.of(named, given))
    try:
        yield client
    finally:
        client.close()


def client_properties(arguments: argparse.Namespace) -> dict[str, str]:
    """`-X`, as a mapping. Raises ConfigError."""
    return pairs(arguments.properties, "-X KEY=VALUE")


def partition_of(text: str) -> TopicPartition:
    """`TOPIC:PARTITION`. Raises ConfigError."""
    topic, colon, number = text.rpartition(":")
    if not colon or not topic or not number.isdigit():
        raise ConfigError(f"{text!r} is not {PARTITION_FORM}")
    return TopicPartition(topic, int(number))


def partitions_of(client: Client, text: str) -> list[TopicPartition]:
    """`TOPIC`, meaning all of it, or `TOPIC:PARTITION`. Raises ConfigError, RequestRefused for what is not there."""
    topic, colon, number = text.rpartition(":")
    if not colon:
        return [TopicPartition(text, each) for each in client.partitions(text)]
    wanted = partition_of(text)
    known = client.partitions(topic)
    if int(number) not in known:
        raise ConfigError(f"topic {topic!r} has partitions 0 to {len(known) - 1}, not {number}")
    return [wanted]
