"""The options that say what cluster to run, shared by `serve`, `run` and `config`."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from minikafka.cli.listeners import advertised, further_listeners, listening
from minikafka.config import PROFILES, ConfigValue, Layer, environment_layer, properties_layer
from minikafka.errors import ConfigError
from minikafka.runtime.listener import FORM as LISTENER_FORM
from minikafka.runtime.spec import DURABILITIES, ClusterSpec, TopicSpec, layer

DEFAULT_PORT: Final = 9092


def add_cluster_options(parser: argparse.ArgumentParser) -> None:
    """Everything that `cluster_spec` reads."""
    parser.add_argument("-n", "--brokers", type=int, metavar="N", help="how many brokers (1)")
    add_setting_options(parser)
    parser.add_argument("--host", metavar="H", help="address to listen on (127.0.0.1, or KAFKA_LISTENERS)")
    parser.add_argument(
        "-p", "--port", type=int, metavar="P",
        help="port of broker 1, broker i listens on P+i-1 (9092, or KAFKA_LISTENERS); 0: free ports",
    )  # fmt: skip
    parser.add_argument(
        "-t",
        "--topic",
        action="append",
        default=[],
        metavar="NAME[:PARTITIONS[:RF]]",
        help="create this topic",
    )
    parser.add_argument(
        "-d", "--data-dir", metavar="DIR", help="keep data here; without it, a temporary directory"
    )
    parser.add_argument(
        "--durability", choices=DURABILITIES, default="page-cache",
        help="acknowledge once replicated (page-cache, Kafka's way), or once on disk too (fsync)",
    )  # fmt: skip
    parser.add_argument(
        "--feature",
        action="append",
        default=[],
        metavar="NAME=LEVEL",
        help="level of a new cluster's feature",
    )
    parser.add_argument(
        "--advertise",
        metavar="HOST[:PORT]",
        help="tell clients this address; broker i: PORT+i-1 (where it listens, or KAFKA_ADVERTISED_LISTENERS)",
    )
    parser.add_argument(
        "--listener",
        action="append",
        default=[],
        metavar=LISTENER_FORM,
        help="listen there too, and tell those who come there the second address, or the one they came to (the other "
        "ones of KAFKA_LISTENERS); broker i: PORT+i-1; PORT 0: free ports",
    )
    parser.add_argument("--seed", type=int, metavar="N", help="make generated ids reproducible")


def add_setting_options(parser: argparse.ArgumentParser) -> None:
    """What `setting_layers` reads, and the profile."""
    parser.add_argument(
        "-c", "--config", action="append", default=[], metavar="KEY=VALUE", help="a setting, by Kafka's name"
    )
    parser.add_argument("--config-file", metavar="F", help="settings from a server.properties file")
    parser.add_argument(
        "--profile", choices=PROFILES, default="fast", help="fast, or faithful to Kafka's defaults"
    )


def setting_layers(arguments: argparse.Namespace) -> tuple[Layer, ...]:
    """Strongest first: `-c`, environment, file. Raises ConfigError."""
    given: dict[str, ConfigValue] = {**pairs(arguments.config, "-c KEY=VALUE")}
    layers = [*layer("-c", given), environment_layer(os.environ)]
    if arguments.config_file:
        try:
            text = Path(arguments.config_file).read_text(encoding="utf-8")
        except OSError as error:
            raise ConfigError(f"cannot read {arguments.config_file}: {error.strerror}") from None
        layers.append(properties_layer(arguments.config_file, text))
    return tuple(layers)


def cluster_spec(arguments: argparse.Namespace) -> ClusterSpec:
    """The cluster that the arguments and the environment ask for. Raises ConfigError."""
    count = 1 if arguments.brokers is None else arguments.brokers
    host, port = listening(arguments.host, arguments.port, os.environ, default_port=DEFAULT_PORT)
    if not 0 <= port <= 65_536 - max(count, 1):
        raise ConfigError(f"port {port} and the {count - 1} after it are not all ports")
    return ClusterSpec(
        brokers=count,
        host=host,
        ports=[port + index for index in range(count)] if port else None,
        advertised=advertised(arguments.advertise, os.environ, host),
        # What the environment says is of one broker.
        listeners=further_listeners(arguments.listener, arguments.port, os.environ if count == 1 else {}),
        layers=setting_layers(arguments),
        features=_levels(arguments.feature),
        topics=tuple(TopicSpec.parse(topic) for topic in arguments.topic),
        data_dir=arguments.data_dir,
        durability=arguments.durability,
        profile=arguments.profile,
        seed=arguments.seed,
        faults=False,
    )


def pairs(words: Iterable[str], form: str) -> dict[str, str]:
    """`NAME=VALUE` words as a mapping; later ones win. Raises ConfigError naming the `form` expected."""
    found = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not equals or not name:
            raise ConfigError(f"{word!r} is not {form}")
        found[name] = value
    return found


def _levels(words: Iterable[str]) -> dict[str, int]:
    levels = pairs(words, "--feature NAME=LEVEL")
    for name, level in levels.items():
        if not level.isdigit():
            raise ConfigError(f"feature {name}: level {level!r} is not a number")
    return {name: int(level) for name, level in levels.items()}
