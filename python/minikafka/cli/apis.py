"""Print the APIs and versions served: by minikafka, or with `-b` by any Kafka, beside what this command could speak.

Examples:
  minikafka apis
  minikafka apis -b localhost:9092 -J
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator

from minikafka.cli.output import Row, show
from minikafka.cli.remote import add_remote_options, connected
from minikafka.wire.support import SERVED


def configure(parser: argparse.ArgumentParser) -> None:
    add_remote_options(parser)


def run(arguments: argparse.Namespace) -> int:
    show(_served() if arguments.bootstrap is None else _answered(arguments), as_json=arguments.json)
    return 0


def _served() -> Iterator[Row]:
    for key, served in sorted(SERVED.items()):
        yield {"key": key, "name": served.name, "min": served.min, "max": served.max}


def _answered(arguments: argparse.Namespace) -> Iterator[Row]:
    with connected(arguments) as client:
        for key, api in sorted(client.any().api_versions.items()):
            ours = SERVED.get(key)
            yield {
                "key": key,
                "name": None if ours is None else ours.name,
                "min": api.min_version,
                "max": api.max_version,
                "minikafka_min": None if ours is None else ours.min,
                "minikafka_max": None if ours is None else ours.max,
            }
